"""Entries of the key cache: a principal by the digest of its key.

Only this module uses the cache. The models report changes here and `accounts.access.key_lookup`
reads here, so that neither needs to import the other.
"""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial
from typing import NamedTuple, cast

import msgspec
from django.conf import settings
from django.core.cache import caches
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from accounts.principals.principal import Principal
from gatewayz.caching.backend import Reading, TwoLevelCache
from gatewayz.caching.local import Entry, LocalLevel
from gatewayz.database.after_commit import after_commit
from gatewayz.threads.single_flight import SingleFlight

logger = logging.getLogger(__name__)

# Part of each entry's name: change it whenever the fields of Principal change.
_VERSION = 5

# Unknown keys are cached briefly, in this process only and apart from the others: a flood of them
# takes no more space than this, and none from keys that work.
UNKNOWN_MAX_ENTRIES = 10_000
UNKNOWN_SECONDS = 30

# A request that waits for another's look-up of the same key waits at most this long.
_FLIGHT_SECONDS = 2.5

# An entry in use is renewed when this share of its lifetime is left.
_RENEWED_SHARE = 0.1


class CachedKey(msgspec.Struct, frozen=True, array_like=True):
    """The content of an entry. `renew_at` is in seconds since the epoch."""

    renew_at: float
    principal: Principal


_decoder = msgspec.json.Decoder(CachedKey)


def _decode(entry: Entry | None) -> CachedKey | None:
    if entry is None:
        return None
    try:
        return _decoder.decode(entry.value)
    except msgspec.MsgspecError:
        # Written by another version of this service whose _VERSION was not changed.
        logger.warning("Could not decode an entry of the key cache: asking the database")
        return None


class _Flights(SingleFlight["Principal | None"]):
    """Look-ups in progress, by the digest with the newest pepper."""

    def forget(self, names: Iterable[str]) -> None:
        if len(settings.KEY_PEPPERS) > 1:
            # A changed key may be named by its digest with another pepper.
            self.forget_all()
        else:
            super().forget(names)


class KeyCache(NamedTuple):
    """The parts of the key cache that this process holds."""

    entries: TwoLevelCache
    unknown: LocalLevel
    flights: _Flights
    name_prefix: str


@cache
def key_cache() -> KeyCache:
    """Return the key cache of this process, which is created when Django starts."""
    entries = cast("TwoLevelCache", caches["keys"])
    unknown = LocalLevel(UNKNOWN_MAX_ENTRIES)
    flights = _Flights(_FLIGHT_SECONDS)
    entries.process_cache.coherence.subscribers += [unknown, flights]
    return KeyCache(entries, unknown, flights, entries.make_key(f"key:{_VERSION}:"))


def read_local(digest: str) -> CachedKey | None:
    """Read the key with this digest from this process's memory."""
    cached = key_cache()
    entry = cached.entries.read_local(cached.name_prefix + digest)
    return _decode(entry)


def read_redis(digest: str) -> tuple[CachedKey | None, Reading]:
    """Read the key with this digest from Redis; also return what `store` must be given.

    Raises redis.exceptions.RedisError, also when Redis may not be up to date.
    """
    cached = key_cache()
    if cached.entries.process_cache.redis_may_be_stale:
        raise RedisConnectionError("Redis may hold keys that have changed")
    reading = cached.entries.read_redis(cached.name_prefix + digest)
    return _decode(reading.entry), reading


def read_expired(digest: str) -> CachedKey | None:
    """Read an expired key from memory, at most KEY_CACHE_STALE_SECONDS after its expiry."""
    cached = key_cache()
    return _decode(cached.entries.read_expired(cached.name_prefix + digest))


def store(digest: str, principal: Principal, reading: Reading) -> None:
    """Cache what was loaded from the database after `reading`, unless it has changed since.

    Raises redis.exceptions.RedisError.
    """
    cached = key_cache()
    ttl = ttl_seconds()
    key = CachedKey(time.time() + ttl * (1 - _RENEWED_SHARE), principal)
    cached.entries.fill(cached.name_prefix + digest, key, reading, ttl)


def stored_at(key: CachedKey) -> float:
    """When an entry was stored, in seconds since the epoch, assuming today's time to live."""
    return key.renew_at - ttl_seconds() * (1 - _RENEWED_SHARE)


def is_known_unknown(digest: str) -> bool:
    """Whether the database was recently found to have no key with this digest."""
    cached = key_cache()
    return (
        cached.entries.process_cache.coherence.is_trusted()
        and cached.unknown.get(cached.name_prefix + digest) is not None
    )


def unknown_changes() -> int:
    """Return the value to pass to `store_unknown`; read it before the database."""
    return key_cache().unknown.changes


def store_unknown(digest: str, changes: int) -> None:
    """Cache that no such key exists, unless keys have changed since `changes` was read."""
    cached = key_cache()
    if cached.entries.process_cache.coherence.is_trusted():
        entry = Entry(b"", time.time() + UNKNOWN_SECONDS)
        cached.unknown.put(cached.name_prefix + digest, entry, unless_changed_since=changes)


def forget_on_commit(digests: Iterable[str]) -> None:
    """Make every process drop the keys with these digests once the transaction commits.

    Without a transaction it happens immediately; after a rollback, never. From just before the
    COMMIT until its answer, or for a minute without one, no process caches these keys, because a
    concurrent reader may still load their old state. The keys are therefore dropped even if the
    answer to the COMMIT is lost.
    """
    names = [key_cache().name_prefix + digest for digest in digests]
    if names:
        hold = partial(_hold, names)
        after_commit(lambda: _forget(names), before=hold, in_doubt=hold)


def forget_all_on_commit() -> None:
    """Drop every key as `forget_on_commit` does, in one message."""
    after_commit(_forget_all, before=_hold_all, in_doubt=_hold_all)


def _hold(names: list[str]) -> None:
    with suppress(RedisError):  # as in `_forget`
        key_cache().entries.process_cache.hold(names)


def _forget(names: list[str]) -> None:
    # When Redis does not accept it, process_cache logs that and retries until it does.
    with suppress(RedisError):
        key_cache().entries.process_cache.delete(names)


def _hold_all() -> None:
    with suppress(RedisError):  # `_forget_all` says so
        key_cache().entries.process_cache.hold_all()


def _forget_all() -> None:
    try:
        key_cache().entries.clear()
    except RedisError:
        # This process has dropped them nevertheless.
        logger.exception(
            "Could not publish the cache clear; other processes may use old keys until their TTL"
        )


# --- Time to live -------------------------------------------------------------------------------


def ttl_seconds() -> int:
    """Return the lifetime of new entries: from `set_ttl_seconds`, or else the setting.

    Raises redis.exceptions.RedisError.
    """
    process_cache = key_cache().entries.process_cache
    set_seconds = process_cache.ask(lambda: process_cache.client.get(_ttl_key()))
    return int(set_seconds) if set_seconds else settings.KEY_CACHE_TTL_SECONDS


def set_ttl_seconds(seconds: int) -> None:
    """Set the lifetime of entries in every process, and clear the cache.

    Raises redis.exceptions.RedisError.
    """
    process_cache = key_cache().entries.process_cache
    process_cache.ask(lambda: process_cache.client.set(_ttl_key(), seconds))
    key_cache().entries.clear()


def _ttl_key() -> str:
    return key_cache().entries.key_prefix + ":ttl_seconds"
