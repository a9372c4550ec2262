"""From an API key to its principal: the look-up before every request.

First this process's memory, then Redis, then the database; see `gatewayz.caching` for how the
memories of all processes are kept in step. Every change to a key or a user that goes through
the models is seen by every process within 100 ms of its commit, and within 2 s
(`coherence.LEASE_SECONDS`) when Redis has lost the message.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from redis.exceptions import RedisError

from accounts.models import ApiKey, User
from accounts.models.rate_limits import WINDOW_FIELDS
from accounts.principals import cached_keys, key_format
from accounts.principals.cached_keys import CachedKey
from accounts.principals.principal import Allowance, Limits, Principal
from gatewayz.caching.backend import Reading
from gatewayz.request.context import timed
from gatewayz.threads.background import BackgroundThread
from gatewayz.threads.counters import Counters

logger = logging.getLogger(__name__)

# The fields of Allowance, and where they stand.
PLAN_LIMITS = (
    ("requests_per_minute", "requests_per_minute"),
    ("requests_per_hour", "requests_per_hour"),
    ("requests_per_day", "daily_request_limit"),
    ("requests_per_month", "monthly_request_limit"),
    ("tokens_per_minute", "tokens_per_minute"),
    ("tokens_per_hour", "tokens_per_hour"),
    ("tokens_per_day", "daily_token_limit"),
    ("tokens_per_month", "monthly_token_limit"),
    ("concurrent_requests", "max_concurrent_requests"),
)
KEY_LIMITS = (
    *((name, name) for name in WINDOW_FIELDS),
    ("concurrent_requests", "concurrency_limit"),
)

_STORAGE_FIELDS = ("plan__max_storage_bytes", "storage__bytes")
LOADED_FIELDS = (
    "key_digest",
    "previous_digest",
    "previous_expires_at",
    "user_id",
    "id",
    "is_active",
    "user__is_active",
    "user__is_staff",
    "environment_tag",
    "expiration_date",
    "scope_permissions",
    "ip_allowlist",
    "domain_referrers",
    "max_requests",
    "requests_used",
    *(f"user__plan__{field}" for _, field in PLAN_LIMITS),
    *(f"rate_limits__{field}" for _, field in KEY_LIMITS),
    *(f"user__{field}" for field in _STORAGE_FIELDS),
)
MAX_TTL_SECONDS = 86_400

_NO_LIMITS = Limits()

# An entry that is not renewed ends, and the next who needs it fetches it.
_renewal = BackgroundThread("key renewal")
_counters = Counters()


def get_user(api_key: str) -> Principal | None:
    """The principal of `api_key`, or None when there is no such key.

    The principal of a key that may not be used now says so: see `Principal.refusal`. A key in
    this process's memory costs microseconds and no I/O, one that is made up neither; one in
    Redis a round trip; any other, one SQL statement, shared by all who ask for it at that
    moment.

    Raises django.db.OperationalError when the database is needed and does not answer, unless
    the key was looked up not long ago (KEY_CACHE_STALE_SECONDS).
    """
    digests = _digests(api_key)
    if not settings.KEY_CACHE:
        if not _may_be_a_key(api_key):
            return None
        with timed("key_load"):
            loaded = _load(api_key, digests)
        return loaded.principal if loaded else None
    for digest in digests:
        found = cached_keys.read_local(digest)
        if found is not None:
            if found.renew_at <= time.time():
                _renewal.submit(digest, lambda: _renew(api_key, digests))
            return found.principal
    if not _may_be_a_key(api_key):
        return None
    if all(cached_keys.is_known_unknown(digest) for digest in digests):
        _counters.add("negative_hits")
        return None
    found, readings = _read_redis(digests)
    if found is not None:
        return found.principal
    cached = cached_keys.key_cache()
    with timed("key_load"):
        return cached.flights.do(
            cached.name_prefix + digests[0],
            lambda: _find(api_key, digests, redis_answers=bool(readings)),
        )


def current_digest(api_key: str) -> str:
    """The digest under which a new `api_key` is stored: that of the newest pepper."""
    return key_format.digest(api_key, settings.KEY_PEPPERS[0])


def _digests(api_key: str) -> list[str]:
    """Every digest under which `api_key` may be stored, that of the newest pepper first."""
    return [key_format.digest(api_key, pepper) for pepper in settings.KEY_PEPPERS]


def invalidate_user(user_id: int) -> None:
    """Forget every key of one user, in every process, once the transaction commits."""
    cached_keys.forget_on_commit(User.objects.filter(pk=user_id).key_digests())


def clear_cache(api_key: str | None = None) -> None:
    """Forget one key, or all of them, in every process.

    Raises redis.exceptions.RedisError; then only this process has forgotten.
    """
    cached = cached_keys.key_cache()
    if api_key is None:
        cached.entries.clear()
    else:
        digests = _digests(api_key)
        cached.entries.process_cache.delete([cached.name_prefix + digest for digest in digests])


def set_cache_ttl(seconds: int) -> None:
    """Have entries live for `seconds` (1–86,400) in every process, from now on.

    Raises ValueError for another number and redis.exceptions.RedisError.
    """
    if not 1 <= seconds <= MAX_TTL_SECONDS:
        raise ValueError(f"The time to live must be from 1 to {MAX_TTL_SECONDS:,} seconds")
    cached_keys.set_ttl_seconds(seconds)


def get_cache_stats() -> dict[str, Any]:
    """What this process's key cache has done since it started, and what is in Redis for all.

    Sizes are in bytes, times in seconds; `hit_rate` is the share of look-ups of real keys that
    needed no database. The totals stand at the top, `local` and `shared` hold each level's.

    Raises redis.exceptions.RedisError.
    """
    cached = cached_keys.key_cache()
    process_cache = cached.entries.process_cache
    local, reads = process_cache.local, process_cache.counters.counts()
    in_redis = process_cache.redis_usage(f"{cached.name_prefix}*")
    return {
        **get_process_stats(),
        "ttl_seconds": cached_keys.ttl_seconds(),
        "local": {
            "entries": len(local),
            "size_bytes": local.size_bytes,
            "hits": local.hits,
            "misses": local.misses,
            "evictions": local.evictions,
            "unknown_entries": len(cached.unknown),
            "trusted": process_cache.coherence.is_trusted(),
        },
        "shared": {
            "entries": in_redis.entries,
            "size_bytes": in_redis.size_bytes,
            "hits": reads["hits"],
            "misses": reads["misses"],
        },
    }


def get_process_stats() -> dict[str, Any]:
    """The part of `get_cache_stats` that this process knows by itself, without any I/O."""
    cached = cached_keys.key_cache()
    process_cache = cached.entries.process_cache
    local = process_cache.local
    counts = _counters.counts()
    hits = local.hits + process_cache.counters.counts()["hits"]
    looked_up = hits + counts["loads"]
    return {
        "enabled": settings.KEY_CACHE,
        "cached_users": len(local),
        "cache_size_bytes": local.size_bytes + cached.unknown.size_bytes,
        "max_entries": local.max_entries,
        "hits": hits,
        "misses": counts["loads"],
        "hit_rate": hits / looked_up if looked_up else 0.0,
        "negative_hits": counts["negative_hits"],
        "evictions": local.evictions,
        "coalesced": cached.flights.coalesced,
        "stale_hits": counts["stale_hits"],
        "renewed": counts["renewed"],
    }


def _may_be_a_key(api_key: str) -> bool:
    return key_format.is_well_formed(api_key) or (
        settings.ACCEPT_LEGACY_KEYS and key_format.is_legacy(api_key)
    )


def _read_redis(digests: list[str]) -> tuple[CachedKey | None, dict[str, Reading]]:
    """The key from Redis, and what was read there by digest; nothing if it does not answer."""
    readings: dict[str, Reading] = {}
    try:
        for digest in digests:
            found, readings[digest] = cached_keys.read_redis(digest)
            if found is not None:
                return found, readings
    except RedisError as exc:
        logger.warning("The key cache does not answer (%s): asking the database", exc)
        return None, {}
    return None, readings


def _find(api_key: str, digests: list[str], *, redis_answers: bool) -> Principal | None:
    """The principal from the database, unless another caller has just cached it."""
    found, readings = _read_redis(digests) if redis_answers else (None, {})
    if found is not None:
        return found.principal
    try:
        return _load_and_keep(api_key, digests, readings)
    except (OperationalError, InterfaceError) as exc:
        for digest in digests:
            ended = cached_keys.read_expired(digest)
            if ended is not None:
                logger.warning("The database does not answer (%s): using an ended entry", exc)
                _counters.add("stale_hits")
                return ended.principal
        raise


def _load_and_keep(
    api_key: str, digests: list[str], readings: dict[str, Reading]
) -> Principal | None:
    _counters.add("loads")
    changes = cached_keys.unknown_changes()
    loaded = _load(api_key, digests)
    if loaded is None:
        for digest in digests:
            cached_keys.store_unknown(digest, changes)
        return None
    # Under the digest that is stored, by which a change to the key is told.
    reading = readings.get(loaded.digest)
    if reading is not None:
        try:
            cached_keys.store(loaded.digest, loaded.principal, reading)
        except RedisError as exc:
            logger.warning("The key cache does not answer (%s): entry not kept", exc)
    return loaded.principal


def _renew(api_key: str, digests: list[str]) -> None:
    """Fetch an entry anew before it ends, unless another process has done it."""
    try:
        found, readings = _read_redis(digests)
        if found is None or found.renew_at <= time.time():
            _load_and_keep(api_key, digests, readings)
            _counters.add("renewed")
    except (OperationalError, InterfaceError) as exc:
        logger.warning("A key could not be renewed before its entry ends: %s", exc)
    finally:
        connection.close()


class _Loaded(NamedTuple):
    digest: str
    principal: Principal


def _load(api_key: str, digests: list[str]) -> _Loaded | None:
    """The principal of `api_key` from the database, in one statement."""
    row = ApiKey.objects.with_digest(digests).values(*LOADED_FIELDS).first()
    if row is None:
        return _load_legacy(digests) if key_format.is_legacy(api_key) else None
    ends = [row["expiration_date"]]
    digest = row["key_digest"]
    if digest not in digests:
        digest = row["previous_digest"]
        ends.append(row["previous_expires_at"])
    principal = Principal(
        user_id=row["user_id"],
        key_id=row["id"],
        key_is_active=row["is_active"],
        user_is_active=row["user__is_active"],
        is_staff=row["user__is_staff"],
        environment_tag=row["environment_tag"],
        expires_at=min((end.timestamp() for end in ends if end), default=None),
        scopes=row["scope_permissions"],
        ip_allowlist=tuple(row["ip_allowlist"]),
        domain_referrers=tuple(row["domain_referrers"]),
        max_requests=row["max_requests"],
        requests_used=row["requests_used"],
        limits=_limits(row),
        storage_is_used_up=_is_used_up(*(row[f"user__{field}"] for field in _STORAGE_FIELDS)),
    )
    return _Loaded(digest, principal)


def _limits(row: Mapping[str, Any], user: str = "user__") -> Limits | None:
    """The limits in a row whose fields of the user begin with `user`; None when there is none."""
    limits = Limits(
        Allowance(**{name: row[f"{user}plan__{field}"] or 0 for name, field in PLAN_LIMITS}),
        Allowance(**{name: row.get(f"rate_limits__{field}") or 0 for name, field in KEY_LIMITS}),
    )
    return None if limits == _NO_LIMITS else limits


def _is_used_up(max_bytes: int | None, stored_bytes: int | None) -> bool:
    return max_bytes is not None and (stored_bytes or 0) >= max_bytes


def _load_legacy(digests: list[str]) -> _Loaded | None:
    """The principal of a key that the old service kept in its users table."""
    fields = ("legacy_key_digest", "id", "is_active", "is_staff")
    plan = [f"plan__{field}" for _, field in PLAN_LIMITS]
    row = User.objects.with_legacy_key(digests).values(*fields, *plan, *_STORAGE_FIELDS).first()
    if row is None:
        return None
    principal = Principal(
        user_id=row["id"],
        key_id=None,
        key_is_active=True,
        user_is_active=row["is_active"],
        is_staff=row["is_staff"],
        environment_tag=ApiKey.Environment.LIVE,
        expires_at=None,
        limits=_limits(row, user=""),
        storage_is_used_up=_is_used_up(*(row[field] for field in _STORAGE_FIELDS)),
    )
    return _Loaded(row["legacy_key_digest"], principal)
