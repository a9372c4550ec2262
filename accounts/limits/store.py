"""The counters of the rate limits in Redis.

Everything about one user is under one hash tag, hence on one node of a Redis Cluster, and expires
when unused. Redis provides the time, because the clocks of web hosts may differ.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from accounts.limits.decision import UNLIMITED, Decision, read_decision
from accounts.limits.leases import Leases
from accounts.limits.scripts import ADMIT, HIT, NOTE, READ, SETTLE
from accounts.principals.principal import Allowance, Principal
from gatewayz.redis.scripts import Script, run_combined
from gatewayz.threads.counters import Counters

# A killed process holds its slots for this long. A response that streams for longer therefore
# stops counting as a concurrent request.
SLOT_LEASE_MS = 60_000

# Per day, the users and keys that were rejected most often.
KEPT_REJECTIONS = 1_000
KEPT_REJECTIONS_DAYS = 8

# `asked`: calls to Redis; `rejected`; `unavailable`: Redis did not answer.
counters = Counters()

_slot_numbers = count()
_slot_prefix = uuid4().hex[:12]
_encode = msgspec.msgpack.encode
_UNLIMITED = Allowance()


def _run(script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    """Run a script in Redis; all access to the counters goes through here.

    Raises redis.exceptions.RedisError.
    """
    try:
        return run_combined(script, keys, arguments)
    except RedisError:
        counters.add("unavailable")
        raise


# --- Requests -----------------------------------------------------------------------------------


class Ticket(NamedTuple):
    """Everything needed to settle an admitted request. `slot` is "" when it occupies none."""

    keys: tuple[str, str, str, str]
    limits: bytes
    slot: str


def admit(principal: Principal, now_ms: int | None = None) -> tuple[Decision, Ticket | None]:
    """Count a request of `principal` if every limit allows it, in at most one round trip.

    A busy key leases several requests and then needs no round trip for a moment; see
    `accounts.limits.leases`. No lease when concurrency or total requests are limited.

    Returns the decision and, when the request must be settled, a ticket. A rejected request is not
    counted anywhere. `now_ms` (since the epoch) replaces Redis's clock in tests.

    Raises redis.exceptions.RedisError.
    """
    limits = principal.limits
    max_requests = principal.max_requests or 0
    if limits is None and not max_requests:
        return UNLIMITED, None
    user, key = (limits.user, limits.key) if limits else (_UNLIMITED, _UNLIMITED)
    used = principal.requests_used if max_requests else 0
    encoded = _encode((user, key, max_requests, used))
    slot = ""
    if user.concurrent_requests or key.concurrent_requests:
        slot = f"{_slot_prefix}{next(_slot_numbers)}"
    keys = _keys(principal.user_id, principal.key_id)
    ticket = None
    if slot or user.limits_tokens or key.limits_tokens:
        ticket = Ticket(keys, encoded, slot)
    lease = None if slot or max_requests or now_ms else (keys, encoded)
    if lease is not None:
        decision = _leases.use(lease)
        if decision is not None:
            return decision, ticket
    decision = _admit_in_redis(keys, encoded, slot, now_ms, lease)
    return decision, ticket if decision.allowed else None


def _admit_in_redis(
    keys: tuple[str, str, str, str],
    encoded: bytes,
    slot: str,
    now_ms: int | None,
    lease: tuple[tuple[str, ...], bytes] | None,
) -> Decision:
    counters.add("asked")
    wanted = 1 if lease is None else _leases.next_size(lease)
    arguments = (encoded, _months(), slot, SLOT_LEASE_MS, now_ms or "", wanted)
    try:
        *answer, taken, tokens = _run(ADMIT, keys, arguments)
    except RedisError:
        _leases.drop(lease)
        raise
    decision = read_decision(answer)
    if not decision.allowed:
        counters.add("rejected")
        _leases.drop(lease)
    elif lease is not None:
        _leases.store(lease, decision, taken, tokens)
        return decision._replace(remaining=decision.remaining + taken - 1)
    return decision


_leases = Leases()


def settle(ticket: Ticket, tokens: int, now_ms: int | None = None) -> None:
    """Release a request's slot and count the tokens that it has used, in one round trip.

    Raises redis.exceptions.RedisError; the slot then expires with its lease.
    """
    if tokens:
        _leases.use_tokens((ticket.keys, ticket.limits), tokens)
    _run(SETTLE, ticket.keys, (ticket.limits, _months(), ticket.slot, tokens, now_ms or ""))


def _keys(user_id: int, key_id: int | None) -> tuple[str, str, str, str]:
    user = f"{settings.REDIS_KEY_PREFIX}:{{u{user_id}}}"
    return f"{user}:used", f"{user}:used:{key_id}", f"{user}:slots", f"{user}:slots:{key_id}"


class _Months:
    """The starts of this month and the next two, encoded once per month.

    Redis decides which of them is current.
    """

    def __init__(self) -> None:
        self._ends = 0.0
        self._encoded = b""

    def __call__(self) -> bytes:
        if time.time() >= self._ends:
            begins = datetime.now(UTC)
            months = [_month(begins.year, begins.month + further) for further in range(3)]
            self._encoded = _encode([int(month * 1000) for month in months])
            self._ends = months[1]
        return self._encoded


def _month(year: int, month: int) -> float:
    """Return the start of a month in seconds since the epoch; `month` may exceed 12."""
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC).timestamp()


_months = _Months()


# --- Usage --------------------------------------------------------------------------------------


class KeyUsage(NamedTuple):
    """The current count of each limited window; 0 where nothing is limited."""

    requests_per_minute: int
    requests_per_hour: int
    requests_per_day: int
    requests_per_month: int
    tokens_per_minute: int
    tokens_per_hour: int
    tokens_per_day: int
    tokens_per_month: int
    concurrent_requests: int
    total_requests: int


def usage_of_keys(
    user_id: int, key_ids: Sequence[int], now_ms: int | None = None
) -> dict[int, KeyUsage]:
    """Return what the keys of one user have used, in one round trip that changes nothing.

    Raises redis.exceptions.RedisError.
    """
    if not key_ids:
        return {}
    keys = [name for key_id in key_ids for name in _keys(user_id, key_id)[1::2]]
    answers = _run(READ, keys, (_months(), now_ms or ""))
    return {key_id: KeyUsage(*used) for key_id, used in zip(key_ids, answers, strict=True)}


# --- By address ---------------------------------------------------------------------------------


def hit(
    scope: str, identity: str, *, limit: int, window_seconds: int, now_ms: int | None = None
) -> Decision:
    """Count an attempt by `identity`, such as an address, at `scope`, in one round trip.

    At most `limit` attempts pass in any `window_seconds`; a rejected attempt is not counted. While
    Redis is down, the attempt is allowed or this raises redis.exceptions.RedisError, depending on
    RATE_LIMITS_FAIL_OPEN. Callers other than views can raise `LimitExceeded(decision)`.
    """
    # A digest, because the identity may be long or personal.
    name = sha256(identity.encode()).hexdigest()[:32]
    key = f"{settings.REDIS_KEY_PREFIX}:{{{scope}:{name}}}:attempts"
    bucket_ms = max(1, window_seconds * 1000 // 12)
    try:
        is_rejected, _, remaining, reset_ms = _run(HIT, [key], (limit, bucket_ms, now_ms or ""))
    except RedisError:
        if not settings.RATE_LIMITS_FAIL_OPEN:
            raise
        return UNLIMITED
    reset_seconds = -(-reset_ms // 1000)
    if not is_rejected:
        return Decision(None, limit, remaining, reset_seconds)
    counters.add("rejected")
    detail = "Too many attempts. Please wait before you try again."
    return Decision("too_many_attempts", limit, 0, reset_seconds, detail)


# --- Rejections ---------------------------------------------------------------------------------


class Rejections(NamedTuple):
    """How often a limit rejected a key on one day; `key_id` 0 is a key of the old service."""

    user_id: int
    key_id: int
    code: str
    times: int


def record_rejection(user_id: int, key_id: int | None, code: str) -> None:
    """Count a rejection for the operators' statistics, in one round trip.

    Raises redis.exceptions.RedisError.
    """
    key = _rejections_key(datetime.now(UTC).date().isoformat())
    kept_ms = KEPT_REJECTIONS_DAYS * 86_400_000
    _run(NOTE, [key], (f"{user_id}:{key_id or 0}:{code}", KEPT_REJECTIONS, kept_ms))


def most_rejected(day: str, how_many: int) -> list[Rejections]:
    """Return who was rejected most often on `day` (ISO 8601, UTC), most often first.

    Raises redis.exceptions.RedisError.
    """
    client = get_redis_connection("default")
    found = client.zrevrange(_rejections_key(day), 0, how_many - 1, withscores=True)
    rejections = []
    for member, times in found:
        user_id, key_id, code = member.decode().split(":")
        rejections.append(Rejections(int(user_id), int(key_id), code, int(times)))
    return rejections


def _rejections_key(day: str) -> str:
    return f"{settings.REDIS_KEY_PREFIX}:{{refusals}}:{day}"
