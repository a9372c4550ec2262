"""The cache backend: `CACHES = {"keys": {"BACKEND": "gatewayz.caching.backend.TwoLevelCache"}}`.

Under the name of an entry, Redis holds one of:

    <epoch> <expires> <JSON>    a value, valid while the cache is in <epoch> and until <expires>
                                (seconds since 1970, or inf)
    ~<token>                    a tombstone: the entry was deleted a moment ago
    ~!<token>                   a hold: the data behind the entry may change at any moment

A cache that is cleared starts a new epoch. So does a restart of Redis, which may bring back
entries that were deleted while it was down.

A reader that misses reads the database and then fills the entry in. Redis rejects the fill when
the entry is no longer what the reader saw: each delete leaves a unique tombstone for TOMBSTONE_MS.
So a value that was read before a change is never cached after it.

A writer holds the affected entries just before it commits, and deletes them after the commit. A
held entry cannot be filled in, because a reader that comes before the commit would cache the old
value. If the answer to the commit is never heard, the hold ends after TOMBSTONE_MS. To hold the
whole cache, a writer starts an epoch named `!<ends>:<token>`, held until <ends>.
"""

import logging
import math
import time
from typing import Any, NamedTuple

import msgspec
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django_redis.cache import RedisCache

from gatewayz.caching import scripts
from gatewayz.caching.local import Entry
from gatewayz.caching.process_cache import (
    HELD_EPOCH,
    HOLD,
    TOMBSTONE,
    TOMBSTONE_MS,
    ProcessCache,
)

logger = logging.getLogger(__name__)


class Reading(NamedTuple):
    """The state of an entry in Redis: its valid value, if any, and what `fill` compares with."""

    entry: Entry | None
    raw: bytes
    epoch: bytes
    local_changes: int
    read_at: float  # monotonic seconds

    @property
    def is_held(self) -> bool:
        """Whether a value read from the database now may be outdated in a moment."""
        if self.epoch.startswith(HELD_EPOCH):
            ends, _, _ = self.epoch.removeprefix(HELD_EPOCH).partition(b":")
            return time.time() < float(ends)
        return self.raw.startswith(HOLD)


class TwoLevelCache(BaseCache):
    """A read-through cache: a bounded memory in each process over one Redis.

    Takes django-redis's options, and two more in OPTIONS:
    `LOCAL_MAX_ENTRIES`: how many entries each process keeps in memory (10,000);
    `EXPIRED_SECONDS`: how long an expired entry is kept for `read_expired` (0).

    A caller reads memory, then Redis, then its own source, and fills in what it found; that needs
    more than `get` and `set`, which are therefore not implemented. Values are JSON; nothing else
    is ever decoded. Every method that talks to Redis may raise redis.exceptions.RedisError.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = dict(params.get("OPTIONS", {}))
        max_entries = options.pop("LOCAL_MAX_ENTRIES", 10_000)
        self._expired_seconds = options.pop("EXPIRED_SECONDS", 0)
        # Django makes a cache object for each thread; all of them share one ProcessCache.
        identity = (server, self.key_prefix)
        with ProcessCache.creation:
            process_cache = ProcessCache.by_prefix.get(identity)
            if process_cache is None:
                redis_cache = RedisCache(server, {**params, "OPTIONS": options})
                client = redis_cache.client.get_client(write=True)
                process_cache = ProcessCache(client, self.key_prefix, max_entries)
                ProcessCache.by_prefix[identity] = process_cache
        self.process_cache = process_cache

    def validate_key(self, key: str) -> None:
        """Accept any key: Redis does, and checking memcached's rules takes 5 µs."""

    def read_local(self, name: str) -> Entry | None:
        """Return the entry called `name` (see `make_key`) from memory, if memory is up to date."""
        cache = self.process_cache
        return cache.local.get(name) if cache.coherence.is_trusted() else None

    def read_redis(self, name: str) -> Reading:
        """Read the entry called `name` from Redis, and keep it in memory."""
        cache = self.process_cache
        cache.retry_deletes()
        local_changes = cache.local.changes
        epoch, raw = cache.fetch([name])
        reading = self._decode(name, raw, epoch, local_changes)
        cache.counters.add("misses" if reading.entry is None else "hits")
        return reading

    def read_expired(self, name: str) -> Entry | None:
        """Return the entry from memory even if it has expired, if memory is up to date."""
        cache = self.process_cache
        if not cache.coherence.is_trusted():
            return None
        entry = cache.local.get_expired(name)
        if entry is None or entry.expires_at + self._expired_seconds <= time.time():
            return None
        return entry

    def fill(
        self, name: str, value: Any, reading: Reading, timeout: float | None = DEFAULT_TIMEOUT
    ) -> bool:
        """Cache a `value` that was read elsewhere after `reading`, unless the entry has changed.

        A held entry is not filled either. `name` comes from `make_key`; `timeout` is in seconds.
        Returns whether the value was cached.
        """
        if reading.is_held:
            return False
        if time.monotonic() > reading.read_at + TOMBSTONE_MS / 2000:
            return False  # A tombstone written since then may have expired already.
        entry = Entry(msgspec.json.encode(value), self._expires_at(timeout))
        framed = f"{entry.expires_at!r} ".encode() + entry.value
        arguments = [reading.raw, reading.epoch, framed, self._redis_ms(entry)]
        filled = bool(self.process_cache.run(scripts.FILL, [name], arguments))
        if filled:
            self.keep_locally(name, entry, reading.local_changes)
        return filled

    def keep_locally(self, name: str, entry: Entry, local_changes: int) -> None:
        """Keep an entry in memory, unless something was forgotten since `local_changes`."""
        if self.process_cache.coherence.is_trusted():
            self.process_cache.local.put(name, entry, unless_changed_since=local_changes)

    def clear(self) -> None:
        self.process_cache.clear()

    def _decode(self, name: str, raw: bytes, epoch: bytes, local_changes: int) -> Reading:
        entry = None
        if raw and not raw.startswith(TOMBSTONE):
            try:
                entry_epoch, expires, value = raw.split(b" ", 2)
                expires_at = float(expires)
            except ValueError:
                logger.warning("The value of %s in Redis is not an entry of this cache", name)
            else:
                if entry_epoch == epoch:
                    entry = Entry(value, expires_at)
                    self.keep_locally(name, entry, local_changes)
                    if expires_at <= time.time():
                        entry = None
        return Reading(entry, raw, epoch, local_changes, time.monotonic())

    def _expires_at(self, timeout: float | None) -> float:
        expires_at: float | None = self.get_backend_timeout(timeout)
        return math.inf if expires_at is None else expires_at

    def _redis_ms(self, entry: Entry) -> int | str:
        """How long Redis keeps an entry; "" means for ever."""
        if entry.expires_at == math.inf:
            return ""
        return max(1, int((entry.expires_at + self._expired_seconds - time.time()) * 1000))
