"""Looking up the principal of an API key, which happens before every request.

The look-up tries this process's memory, then Redis, then the database; `gatewayz.caching` explains
how the processes keep their memories consistent. A change to a key or user that goes through the
models reaches every process within 100 ms of its commit, or within 2 s (`coherence.LEASE_SECONDS`)
when Redis has lost the message.
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

# Fields of Allowance, each with the field of Plan or RateLimitConfig that it comes from.
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

# Renewals may be dropped: the next request that misses the entry loads it again.
renewal = BackgroundThread("key renewal")
_counters = Counters()


def get_user(api_key: str) -> Principal | None:
    """Return the principal of `api_key`, or None when no such key exists.

    A principal is returned even if its key may not be used now: see `Principal.denial_code`. A key
    in this process's memory costs microseconds and no I/O, and so does a malformed key. A key in
    Redis costs one round trip. Any other costs one SQL statement, which all concurrent requests
    for that key share.

    Raises django.db.OperationalError when the database is needed but unavailable and the key has
    not been looked up recently (KEY_CACHE_STALE_SECONDS).
    """
    digests = digests_of(api_key)
    if not settings.KEY_CACHE:
        if not _may_be_a_key(api_key):
            return None
        with timed("key_load"):
            loaded = load_from_database(api_key, digests)
        return loaded.principal if loaded else None
    for digest in digests:
        found = cached_keys.read_local(digest)
        if found is not None:
            if logger.isEnabledFor(logging.DEBUG):
                _log_hit(api_key, found)
            if found.renew_at <= time.time():
                renewal.submit(digest, lambda: _renew(api_key, digests))
            return found.principal
    if not _may_be_a_key(api_key):
        return None
    if all(cached_keys.is_known_unknown(digest) for digest in digests):
        _counters.add("negative_hits")
        return None
    found, readings = _read_redis(digests)
    if found is not None:
        if logger.isEnabledFor(logging.DEBUG):
            _log_hit(api_key, found)
        return found.principal
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "Cache miss for API key %s… - fetching from database",
            key_format.shown_parts(api_key)[0],
        )
    cached = cached_keys.key_cache()
    with timed("key_load"):
        return cached.flights.do(
            cached.name_prefix + digests[0],
            lambda: _find(api_key, digests, redis_answers=bool(readings)),
        )


def _log_hit(api_key: str, found: cached_keys.CachedKey) -> None:
    age_seconds = max(0.0, time.time() - cached_keys.stored_at(found))
    logger.debug(
        "Cache hit for API key %s… (age: %.1fs)", key_format.shown_parts(api_key)[0], age_seconds
    )


def current_digest(api_key: str) -> str:
    """Return the digest under which a new `api_key` is stored: the one with the newest pepper."""
    return key_format.digest(api_key, settings.KEY_PEPPERS[0])


def digests_of(api_key: str) -> list[str]:
    """Return every digest under which `api_key` may be stored, newest pepper first."""
    return [key_format.digest(api_key, pepper) for pepper in settings.KEY_PEPPERS]


def invalidate_user(user_id: int) -> None:
    """Make every process forget all keys of a user once the transaction commits.

    Part of the public interface: other code may import it.
    """
    cached_keys.forget_on_commit(User.objects.filter(pk=user_id).key_digests())


def clear_cache(api_key: str | None = None) -> None:
    """Make every process forget one key, or all keys when `api_key` is None.

    Raises redis.exceptions.RedisError; then only this process has forgotten.
    """
    cached = cached_keys.key_cache()
    if api_key is None:
        cached.entries.clear()
    else:
        digests = digests_of(api_key)
        cached.entries.process_cache.delete([cached.name_prefix + digest for digest in digests])


def set_cache_ttl(seconds: int) -> None:
    """Set the lifetime of new entries, from 1 to 86,400 seconds, in every process.

    Raises ValueError for a number out of range, and redis.exceptions.RedisError.
    """
    if not 1 <= seconds <= MAX_TTL_SECONDS:
        raise ValueError(f"The time to live must be from 1 to {MAX_TTL_SECONDS:,} seconds")
    cached_keys.set_ttl_seconds(seconds)


def get_cache_stats() -> dict[str, Any]:
    """Return this process's key cache counters and the size of the cache in Redis.

    Counters start with the process; sizes are in bytes, times in seconds. `hit_rate` is the share
    of look-ups of existing keys that needed no database. The top level holds totals; `local` and
    `shared` hold the counters of each level.

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
    """Return the part of `get_cache_stats` that needs no I/O."""
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
    """Return the key from Redis, if it is there, and each reading by digest.

    The readings are empty when Redis does not answer.
    """
    readings: dict[str, Reading] = {}
    try:
        for digest in digests:
            found, readings[digest] = cached_keys.read_redis(digest)
            if found is not None:
                return found, readings
    except RedisError as exc:
        logger.warning("Redis did not answer the key cache (%s): asking the database", exc)
        return None, {}
    return None, readings


def _find(api_key: str, digests: list[str], *, redis_answers: bool) -> Principal | None:
    """Load the principal from the database unless another caller has just cached it."""
    found, readings = _read_redis(digests) if redis_answers else (None, {})
    if found is not None:
        return found.principal
    try:
        return _load_and_keep(api_key, digests, readings)
    except (OperationalError, InterfaceError) as exc:
        for digest in digests:
            expired = cached_keys.read_expired(digest)
            if expired is not None:
                logger.warning("The database did not answer (%s): using an expired entry", exc)
                _counters.add("stale_hits")
                return expired.principal
        raise


def _load_and_keep(
    api_key: str, digests: list[str], readings: dict[str, Reading]
) -> Principal | None:
    _counters.add("loads")
    changes = cached_keys.unknown_changes()
    loaded = load_from_database(api_key, digests)
    if loaded is None:
        for digest in digests:
            cached_keys.store_unknown(digest, changes)
        return None
    # Cache it under the stored digest, since changes to the key are published under that one.
    reading = readings.get(loaded.digest)
    if reading is not None:
        try:
            cached_keys.store(loaded.digest, loaded.principal, reading)
        except RedisError as exc:
            logger.warning("Redis did not answer the key cache (%s): entry not stored", exc)
    return loaded.principal


def _renew(api_key: str, digests: list[str]) -> None:
    """Reload an entry before it expires, unless another process has already done so."""
    try:
        found, readings = _read_redis(digests)
        if found is None or found.renew_at <= time.time():
            _load_and_keep(api_key, digests, readings)
            _counters.add("renewed")
    except (OperationalError, InterfaceError) as exc:
        logger.warning("Could not renew a key before its cache entry expires: %s", exc)
    finally:
        connection.close()


class _Loaded(NamedTuple):
    digest: str
    principal: Principal


def load_from_database(api_key: str, digests: list[str]) -> _Loaded | None:
    """Load the principal of `api_key` from the database in one statement."""
    row = ApiKey.objects.with_digest(digests).values(*LOADED_FIELDS).first()
    if row is None:
        return _load_legacy(digests) if key_format.is_legacy(api_key) else None
    expiries = [row["expiration_date"]]
    digest = row["key_digest"]
    if digest not in digests:
        digest = row["previous_digest"]
        expiries.append(row["previous_expires_at"])
    principal = Principal(
        user_id=row["user_id"],
        key_id=row["id"],
        key_is_active=row["is_active"],
        user_is_active=row["user__is_active"],
        is_staff=row["user__is_staff"],
        environment_tag=row["environment_tag"],
        expires_at=min((expiry.timestamp() for expiry in expiries if expiry), default=None),
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
    """Return the limits in a row, or None when there are none.

    `user` is the prefix of the row's user fields.
    """
    limits = Limits(
        Allowance(**{name: row[f"{user}plan__{field}"] or 0 for name, field in PLAN_LIMITS}),
        Allowance(**{name: row.get(f"rate_limits__{field}") or 0 for name, field in KEY_LIMITS}),
    )
    return None if limits == _NO_LIMITS else limits


def _is_used_up(max_bytes: int | None, stored_bytes: int | None) -> bool:
    return max_bytes is not None and (stored_bytes or 0) >= max_bytes


def _load_legacy(digests: list[str]) -> _Loaded | None:
    """Load the principal of a key that the old service stored in its users table."""
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
