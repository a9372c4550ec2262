"""The counts of the limits in Redis.

What a user has is under one hash tag, so that it is on one node of a Redis Cluster, and ends by
itself when it is not used. Redis tells the time: the clocks of web hosts may differ.
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

# A process that is killed keeps its slots for so long; so an answer that is streamed for longer
# stops to count as a request at once.
SLOT_LEASE_MS = 60_000

# Of the users and keys that were refused on a day, those most often.
KEPT_REJECTIONS = 1_000
KEPT_REJECTIONS_DAYS = 8

# `asked`, `refused`, and `unavailable`: Redis did not answer.
counters = Counters()

_slot_numbers = count()
_slot_prefix = uuid4().hex[:12]
_encode = msgspec.msgpack.encode
_UNLIMITED = Allowance()


def _run(script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    """The one door to Redis. Raises redis.exceptions.RedisError."""
    try:
        return run_combined(script, keys, arguments)
    except RedisError:
        counters.add("unavailable")
        raise


# --- Requests -----------------------------------------------------------------------------------


class Ticket(NamedTuple):
    """What a request that was let in has to be settled with. `slot` is "" when it takes none."""

    keys: tuple[str, str, str, str]
    limits: bytes
    slot: str


def admit(principal: Principal, now_ms: int | None = None) -> tuple[Decision, Ticket | None]:
    """Count a request of `principal` if every limit allows it, in one round trip at most.

    A key in full use takes several requests at once and then asks nobody for a moment; see
    `accounts.limits.leases`. Not where requests at once or requests in all are limited: those
    are counted one by one.

    Returns the decision and, when it has to be settled at its end, the ticket. A request that is
    refused counts nowhere. `now_ms`, since the epoch, stands in for the clock of Redis.

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
    decision = _ask(keys, encoded, slot, now_ms, lease)
    return decision, ticket if decision.allowed else None


def _ask(
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
        *answer, taken = _run(ADMIT, keys, arguments)
    except RedisError:
        _leases.drop(lease)
        raise
    decision = read_decision(answer)
    if not decision.allowed:
        counters.add("refused")
        _leases.drop(lease)
    elif lease is not None:
        _leases.store(lease, decision, taken)
        return decision._replace(remaining=decision.remaining + taken - 1)
    return decision


_leases = Leases()


def settle(ticket: Ticket, tokens: int, now_ms: int | None = None) -> None:
    """Give a request's slot back and count the tokens that it has used, in one round trip.

    Raises redis.exceptions.RedisError; the slot then ends with its lease.
    """
    if tokens:
        # What it leaves of the tokens has to be asked for.
        _leases.drop((ticket.keys, ticket.limits))
    _run(SETTLE, ticket.keys, (ticket.limits, _months(), ticket.slot, tokens, now_ms or ""))


def _keys(user_id: int, key_id: int | None) -> tuple[str, str, str, str]:
    user = f"{settings.REDIS_KEY_PREFIX}:{{u{user_id}}}"
    return f"{user}:used", f"{user}:used:{key_id}", f"{user}:slots", f"{user}:slots:{key_id}"


class _Months:
    """The beginnings of this month, the next, and the one after it, encoded until this one ends.

    Which of them it is, Redis says.
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
    """When the month begins, in seconds since the epoch; a month past 12 is of the next year."""
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC).timestamp()


_months = _Months()


# --- Looking at them ----------------------------------------------------------------------------


class KeyUsage(NamedTuple):
    """What counts now of each window that is limited; nothing is counted where no limit is."""

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
    """What the keys of one user have used, in one round trip that changes nothing.

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
    """Count an attempt of `identity`, such as an address, at what `scope` names; one round trip.

    At most `limit` attempts pass in any `window_seconds`; one that is refused does not count.
    With Redis down it is allowed or raises redis.exceptions.RedisError, as
    RATE_LIMITS_FAIL_OPEN says. For code that is no view: `LimitExceeded(decision)` is the 429.
    """
    # Not the identity itself: it may be long, and it is nobody else's business.
    name = sha256(identity.encode()).hexdigest()[:32]
    key = f"{settings.REDIS_KEY_PREFIX}:{{{scope}:{name}}}:attempts"
    bucket_ms = max(1, window_seconds * 1000 // 12)
    try:
        refused, _, remaining, reset_ms = _run(HIT, [key], (limit, bucket_ms, now_ms or ""))
    except RedisError:
        if not settings.RATE_LIMITS_FAIL_OPEN:
            raise
        return UNLIMITED
    reset_seconds = -(-reset_ms // 1000)
    if not refused:
        return Decision(None, limit, remaining, reset_seconds)
    counters.add("refused")
    detail = "Too many attempts. Please wait before the next one."
    return Decision("too_many_attempts", limit, 0, reset_seconds, detail)


# --- Who runs into limits -----------------------------------------------------------------------


class Rejections(NamedTuple):
    """How often a limit has refused one key of a user on a day; `key_id` 0 is an adopted one."""

    user_id: int
    key_id: int
    code: str
    times: int


def record_rejection(user_id: int, key_id: int | None, code: str) -> None:
    """Count a refusal for the operators, in one round trip.

    Raises redis.exceptions.RedisError.
    """
    key = _rejections_key(datetime.now(UTC).date().isoformat())
    kept_ms = KEPT_REJECTIONS_DAYS * 86_400_000
    _run(NOTE, [key], (f"{user_id}:{key_id or 0}:{code}", KEPT_REJECTIONS, kept_ms))


def most_rejected(day: str, how_many: int) -> list[Rejections]:
    """Who was refused most often on `day` (ISO 8601, UTC), most often first.

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
