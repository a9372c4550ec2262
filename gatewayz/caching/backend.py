"""The cache backend: `CACHES = {"keys": {"BACKEND": "gatewayz.caching.backend.TwoLevelCache"}}`.

What is in Redis, under the name of an entry:

    <epoch> <end> <JSON>    a value; it counts while <epoch> is the cache's, until <end> (seconds
                            since the epoch, or inf)
    ~<token>                deleted a moment ago
    ~!<token>               held: what it is made of may change at any moment

Clearing the cache, and a restart of Redis (which may bring back what was deleted while it was
down), begin a new epoch. A value is filled in only if its entry is still as it was when the
reader missed it: a delete in between leaves a token, unique and kept for TOMBSTONE_MS, and the
fill is rejected. So what was read before a change is never kept after it.

Whoever is about to commit a change holds the entries that are made of it, and deletes them when
the commit is done. Nothing is filled into a held entry: a reader that comes before the commit
would keep what it finds for long. Without an answer to the commit the hold ends by itself, after
TOMBSTONE_MS. A held cache is one in an epoch `!<end>:<token>`, which is held until its end
(seconds since the epoch).
"""

import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django_redis.cache import RedisCache

from gatewayz.caching import scripts
from gatewayz.caching.local import Entry
from gatewayz.caching.shared import HELD_EPOCH, HOLD, TOMBSTONE, TOMBSTONE_MS, Shared

logger = logging.getLogger(__name__)

_REPLACE_ATTEMPTS = 100


class Reading(NamedTuple):
    """What Redis held under a name: an entry that counts, or None, and what `fill` compares."""

    entry: Entry | None
    raw: bytes
    epoch: bytes
    local_changes: int
    read_at: float  # monotonic seconds

    @property
    def is_held(self) -> bool:
        """Whether what is read elsewhere now may be outdated in a moment."""
        if self.epoch.startswith(HELD_EPOCH):
            ends, _, _ = self.epoch.removeprefix(HELD_EPOCH).partition(b":")
            return time.time() < float(ends)
        return self.raw.startswith(HOLD)


class TwoLevelCache(BaseCache):
    """A Django cache: a bounded memory in each process over one Redis, kept in step.

    Takes the options of django-redis, and in OPTIONS too:
    `LOCAL_MAX_ENTRIES`: how many entries a process keeps in memory (10,000);
    `ENDED_SECONDS`: how long an entry is kept after its end, for `read_ended` (0).

    Values must be JSON; nothing else is ever decoded. Raises redis.exceptions.RedisError where
    Redis is needed and does not answer.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = dict(params.get("OPTIONS", {}))
        max_entries = options.pop("LOCAL_MAX_ENTRIES", 10_000)
        self._ended_seconds = options.pop("ENDED_SECONDS", 0)
        identity = (server, self.key_prefix)
        with Shared.creation:
            shared = Shared.by_prefix.get(identity)
            if shared is None:
                redis_cache = RedisCache(server, {**params, "OPTIONS": options})
                client = redis_cache.client.get_client(write=True)
                shared = Shared(client, self.key_prefix, max_entries)
                Shared.by_prefix[identity] = shared
        self.shared = shared

    def validate_key(self, key: str) -> None:
        """Accept any key: Redis does, and memcached's rules take 5 µs to check."""

    # --- Reading --------------------------------------------------------------------------------

    def read_local(self, name: str) -> Entry | None:
        """The entry called `name` (see `make_key`) from memory, if that is up to date."""
        shared = self.shared
        return shared.local.get(name) if shared.coherence.is_trusted() else None

    def read_shared(self, name: str) -> Reading:
        """What is in Redis under `name`; an entry is kept in memory too."""
        shared = self.shared
        shared.deliver()
        local_changes = shared.local.changes
        epoch, raw = shared.fetch([name])
        reading = self._decode(name, raw, epoch, local_changes)
        shared.counters.add("misses" if reading.entry is None else "hits")
        return reading

    def read_ended(self, name: str) -> Entry | None:
        """The entry from this process's memory although it has ended, if it is up to date."""
        shared = self.shared
        if not shared.coherence.is_trusted():
            return None
        entry = shared.local.get_ended(name)
        if entry is None or entry.expires_at + self._ended_seconds <= time.time():
            return None
        return entry

    def _decode(self, name: str, raw: bytes, epoch: bytes, local_changes: int) -> Reading:
        entry = None
        if raw and not raw.startswith(TOMBSTONE):
            try:
                its_epoch, ends, value = raw.split(b" ", 2)
                expires_at = float(ends)
            except ValueError:
                logger.warning("What Redis holds as %s is no entry of this cache", name)
            else:
                if its_epoch == epoch:
                    entry = Entry(value, expires_at)
                    self._keep_locally(name, entry, local_changes)
                    if expires_at <= time.time():
                        entry = None
        return Reading(entry, raw, epoch, local_changes, time.monotonic())

    def _keep_locally(self, name: str, entry: Entry, local_changes: int) -> None:
        if self.shared.coherence.is_trusted():
            self.shared.local.put(name, entry, unless_changed_since=local_changes)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        name = self.make_key(key, version)
        entry = self.read_local(name) or self.read_shared(name).entry
        return default if entry is None else msgspec.json.decode(entry.value)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {key: self.make_key(key, version) for key in keys}
        found = {key: self.read_local(name) for key, name in names.items()}
        missing = [key for key, entry in found.items() if entry is None]
        if missing:
            shared = self.shared
            shared.deliver()
            local_changes = shared.local.changes
            epoch, *raws = shared.fetch([names[key] for key in missing])
            for key, raw in zip(missing, raws, strict=True):
                reading = self._decode(names[key], raw, epoch, local_changes)
                shared.counters.add("misses" if reading.entry is None else "hits")
                found[key] = reading.entry
        return {key: msgspec.json.decode(entry.value) for key, entry in found.items() if entry}

    # --- Writing --------------------------------------------------------------------------------

    def fill(
        self, name: str, value: Any, reading: Reading, timeout: float | None = DEFAULT_TIMEOUT
    ) -> bool:
        """Keep what was read elsewhere after `reading`, unless the entry has changed since.

        Nor is it kept when the entry was held. `name` as `make_key` says, `timeout` in seconds.
        Returns whether it was kept.
        """
        if reading.is_held:
            return False
        if time.monotonic() > reading.read_at + TOMBSTONE_MS / 2000:
            return False  # A token left since then may be gone again.
        entry = Entry(msgspec.json.encode(value), self._end(timeout))
        filled = self._replace_raw(name, entry, reading, tell=False)
        if filled:
            self._keep_locally(name, entry, reading.local_changes)
        return filled

    def set(
        self,
        key: str,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._set(key, value, timeout, version, only_new=False)

    def add(
        self,
        key: str,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        return self._set(key, value, timeout, version, only_new=True)

    def touch(
        self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        ends = self._end(timeout)
        return self._replace(key, version, lambda entry: Entry(entry.value, ends)) is not None

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        def add(entry: Entry) -> Entry:
            number = msgspec.json.decode(entry.value) + delta
            return Entry(msgspec.json.encode(number), entry.expires_at)

        entry = self._replace(key, version, add)
        if entry is None:
            raise ValueError(f"Key {key!r} not found")
        number: int = msgspec.json.decode(entry.value)
        return number

    def delete(self, key: str, version: int | None = None) -> bool:
        return self.shared.delete([self.make_key(key, version)]) > 0

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        self.shared.delete([self.make_key(key, version) for key in keys])

    def clear(self) -> None:
        self.shared.clear()

    def _set(
        self, key: str, value: Any, timeout: float | None, version: int | None, *, only_new: bool
    ) -> bool:
        shared = self.shared
        name = self.make_key(key, version)
        entry = Entry(msgspec.json.encode(value), self._end(timeout))
        try:
            message = shared.coherence.message([name])
            arguments = [_framed(entry), self._kept_ms(entry), int(only_new), *message]
            return bool(shared.run(scripts.SET, [name], arguments))
        finally:
            shared.forget([name])

    def _replace(
        self, key: str, version: int | None, change: Callable[[Entry], Entry]
    ) -> Entry | None:
        """Put `change` of an entry in its place, atomically; None when there is none."""
        shared = self.shared
        name = self.make_key(key, version)
        for _ in range(_REPLACE_ATTEMPTS):
            epoch, raw = shared.fetch([name])
            reading = self._decode(name, raw, epoch, shared.local.changes)
            if reading.entry is None:
                return None
            changed = change(reading.entry)
            if self._replace_raw(name, changed, reading, tell=True):
                shared.forget([name])
                return changed
        raise RuntimeError(f"{key!r} changes too fast to be replaced")

    def _replace_raw(self, name: str, entry: Entry, reading: Reading, *, tell: bool) -> bool:
        message = self.shared.coherence.message([name]) if tell else ("", "")
        arguments = [reading.raw, reading.epoch, _framed(entry), self._kept_ms(entry), *message]
        return bool(self.shared.run(scripts.FILL, [name], arguments))

    def _end(self, timeout: float | None) -> float:
        ends: float | None = self.get_backend_timeout(timeout)
        return math.inf if ends is None else ends

    def _kept_ms(self, entry: Entry) -> int | str:
        """How long Redis keeps an entry; '' is for ever."""
        if entry.expires_at == math.inf:
            return ""
        return max(1, int((entry.expires_at + self._ended_seconds - time.time()) * 1000))


def _framed(entry: Entry) -> bytes:
    return f"{entry.expires_at!r} ".encode() + entry.value
