"""The cache backend: `CACHES = {"keys": {"BACKEND": "gatewayz.caching.backend.TwoLevelCache"}}`.

What is in Redis, under the name of an entry:

    <epoch> <end> <JSON>    a value; it counts while <epoch> is the cache's, until <end> (seconds
                            since the epoch, or inf)
    ~<token>                deleted a moment ago

Clearing the cache, and a restart of Redis (which may bring back what was deleted while it was
down), begin a new epoch. A value is filled in only if its entry is still as it was when the
reader missed it: a delete in between leaves a token, unique and kept for TOMBSTONE_MS, and the
fill is refused. So what was read before a change is never kept after it.
"""

import atexit
import logging
import math
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import Any, ClassVar, NamedTuple, TypeVar
from uuid import uuid4

import msgspec
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django_redis.cache import RedisCache
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gatewayz.caching.coherence import Coherence
from gatewayz.caching.local import Entry, LocalLevel
from gatewayz.caching.tally import Tally

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Longer than any reader takes from its miss to its fill.
TOMBSTONE_MS = 60_000
_TOMBSTONE = b"~"
_NAMES_PER_CALL = 1000
_REPLACE_ATTEMPTS = 100
_DOWN_SECONDS = 1.0
SUSPECT_SECONDS = 3.0
_EXIT_SECONDS = 5.0
_EXIT_RETRY_SECONDS = 0.2
MAX_MEASURED = 100_000
MEASURED_SIZES = 100

# A value that counts: of this epoch and not past its end.
_LIVE = """
local function live(raw, epoch)
    if not raw then return false end
    local its_epoch, ends = string.match(raw, '^(%S*) (%S+) ')
    if its_epoch ~= epoch then return false end
    if ends == 'inf' then return true end
    local now = redis.call('TIME')
    return tonumber(ends) > now[1] + now[2] / 1000000
end
local function keep(name, raw, ms)
    if ms == '' then redis.call('SET', name, raw) else redis.call('SET', name, raw, 'PX', ms) end
end
local epoch = redis.call('GET', KEYS[1]) or ''
"""
_SYNC = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    redis.call('SET', KEYS[2], ARGV[1])
    redis.call('SET', KEYS[1], ARGV[2])
end
"""
# ARGV: end and JSON, ms, only when there is none, channel, message.
_SET = (
    _LIVE
    + """
if ARGV[3] == '1' and live(redis.call('GET', KEYS[2]), epoch) then return 0 end
keep(KEYS[2], epoch .. ' ' .. ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""
)
# ARGV: what the entry was, the epoch that was, end and JSON, ms, channel or '', message.
_FILL = (
    _LIVE
    + """
if epoch ~= ARGV[2] or (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
keep(KEYS[2], epoch .. ' ' .. ARGV[3], ARGV[4])
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
return 1
"""
)
# ARGV: tombstone, ms, channel, message. KEYS: the epoch, then the entries.
_DELETE = (
    _LIVE
    + """
local deleted = 0
for i = 2, #KEYS do
    if live(redis.call('GET', KEYS[i]), epoch) then deleted = deleted + 1 end
    redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return deleted
"""
)
_CLEAR = """
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
"""


class Reading(NamedTuple):
    """What Redis held under a name: an entry that counts, or None, and what `fill` compares."""

    entry: Entry | None
    raw: bytes
    epoch: bytes
    local_changes: int
    read_at: float  # monotonic seconds


class Measure(NamedTuple):
    """How much of a cache is in Redis."""

    entries: int
    size_bytes: int


class _Shared:
    """What all threads of a process share of one cache: its memory and its view of Redis."""

    by_prefix: ClassVar[dict[tuple[str, str], "_Shared"]] = {}
    creation = Lock()

    def __init__(self, client: Redis, prefix: str, max_entries: int) -> None:
        self.client = client
        self.epoch_key = f"{prefix}:epoch"
        self.run_key = f"{prefix}:run"
        self.local = LocalLevel(max_entries)
        self.coherence = Coherence(
            client.connection_pool,
            f"{prefix}:changed",
            on_lost=self._lost,
            on_suspect=self._suspect,
            on_tick=self._tick,
        )
        self.coherence.followers.append(self.local)
        self.tally = Tally()
        self._synced = False
        self._losses = 0
        self._down_until = 0.0
        self._suspect_until = 0.0
        # By name, the failure to delete it.
        self._undelivered: dict[str, object] = {}
        self._delivers_at_exit = False
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)
        self._scripts = {
            text: client.register_script(text) for text in (_SYNC, _SET, _FILL, _DELETE, _CLEAR)
        }

    def run(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        """Run one of the scripts above, whose first key is the epoch.

        Raises redis.exceptions.RedisError.
        """
        return self.ask(lambda: self._scripts[script]([self.epoch_key, *keys], arguments))

    def fetch(self, names: list[str]) -> list[bytes]:
        """The epoch and what is under each of `names`, b"" for nothing.

        Raises redis.exceptions.RedisError.
        """
        # Not `mget`, whose checks of its arguments take a tenth of the round trip.
        found = self.ask(lambda: self.client.execute_command("MGET", self.epoch_key, *names))
        return [text or b"" for text in found]

    def ask(self, question: Callable[[], T]) -> T:
        """What `question` gets from Redis. When Redis is down, only one caller a second waits.

        Raises redis.exceptions.RedisError.
        """
        if time.monotonic() < self._down_until:
            raise RedisConnectionError("Redis did not answer a moment ago")
        try:
            self._sync()
            return question()
        except (RedisConnectionError, RedisTimeoutError):
            self.distrust_redis()
            self._down_until = time.monotonic() + _DOWN_SECONDS
            raise

    def _sync(self) -> None:
        """Begin a new epoch if Redis was restarted since any process last looked."""
        if self._synced:
            return
        losses = self._losses
        run_id = self.client.info("server")["run_id"]
        self._scripts[_SYNC]([self.epoch_key, self.run_key], [run_id, uuid4().hex])
        # Unless it was lost again meanwhile.
        self._synced = losses == self._losses

    def distrust_redis(self) -> None:
        """When it is back, it may be another server, or the same with other data."""
        self._losses += 1
        self._synced = False

    @property
    def is_suspect(self) -> bool:
        """Whether Redis may hold what another process has deleted but could not tell it yet.

        So it is for SUSPECT_SECONDS after the connection was lost, or another process said so.
        """
        return time.monotonic() < self._suspect_until

    def _suspect(self) -> None:
        self._suspect_until = time.monotonic() + SUSPECT_SECONDS

    def _lost(self) -> None:
        self.distrust_redis()
        self._suspect()

    def _tick(self) -> None:
        if self._undelivered:
            self._down_until = 0.0
            # It waits on, and was logged when it began to.
            with suppress(RedisError):
                self.deliver()

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def deliver(self) -> None:
        """Delete from Redis what could not be deleted earlier.

        Raises redis.exceptions.RedisError.
        """
        if not self._undelivered:
            return
        with self._lock:
            failures = dict(self._undelivered)
        self.delete(list(failures))
        with self._lock:
            for name, failure in failures.items():
                # Unless it has failed again meanwhile.
                if self._undelivered.get(name) is failure:
                    del self._undelivered[name]
            if not self._undelivered:
                logger.warning(
                    "Redis takes deletes again: every process has forgotten what it should"
                )

    def _deliver_later(self, names: list[str], reason: RedisError) -> None:
        failure = object()
        with self._lock:
            if not self._undelivered:
                logger.error(
                    "Redis does not take a delete (%s): it is forgotten here, and by other "
                    "processes as soon as Redis takes it",
                    reason,
                )
            self._undelivered |= dict.fromkeys(names, failure)
            if not self._delivers_at_exit:
                self._delivers_at_exit = True
                atexit.register(self._deliver_before_exit)
        # Its thread delivers at each ping.
        self.coherence.start()

    def _deliver_before_exit(self) -> None:
        """A command that ends while Redis is down gives it a little time to come back."""
        deadline = time.monotonic() + _EXIT_SECONDS
        while self._undelivered:
            try:
                self.deliver()
            except RedisError as exc:
                if time.monotonic() > deadline:
                    logger.error(  # noqa: TRY400 the traceback says no more
                        "Redis does not answer (%s): %d deleted entries may be used by others "
                        "until they end",
                        exc,
                        len(self._undelivered),
                    )
                    return
                time.sleep(_EXIT_RETRY_SECONDS)

    def delete(self, names: list[str]) -> int:
        """Delete entries everywhere. Returns how many there were."""
        deleted = 0
        try:
            for start in range(0, len(names), _NAMES_PER_CALL):
                some = names[start : start + _NAMES_PER_CALL]
                token = _TOMBSTONE + uuid4().hex.encode()
                deleted += self.run(
                    _DELETE, some, [token, TOMBSTONE_MS, *self.coherence.message(some)]
                )
        except RedisError as exc:
            # Redis may go on holding them: try again until it does not.
            self._deliver_later(names, exc)
            # It may refuse writes only, with its memory or disk full: others must not read on.
            with suppress(RedisError):
                message = self.coherence.message(names, suspect=True)
                self.ask(lambda: self.client.publish(*message))
            raise
        finally:
            # After Redis, so that what another thread has just read from there goes too.
            self.forget(names)
        return deleted

    def measure(self, pattern: str) -> "Measure":
        """Count the entries whose names match `pattern`, of any epoch, and their bytes in Redis.

        Looks at MAX_MEASURED entries at most, and at the size of MEASURED_SIZES of them.
        Raises redis.exceptions.RedisError.
        """
        names = self.client.scan_iter(pattern, count=_NAMES_PER_CALL)
        some = list(islice(names, MAX_MEASURED))
        with self.client.pipeline(transaction=False) as pipeline:
            for name in some[:MEASURED_SIZES]:
                pipeline.memory_usage(name)
            sizes = [size for size in pipeline.execute() if size]
        return Measure(len(some), round(sum(sizes) / len(sizes) * len(some)) if sizes else 0)

    def forget(self, names: list[str]) -> None:
        """Drop entries from this process's memory."""
        for follower in self.coherence.followers:
            follower.forget(names)


def _renew_creation_lock() -> None:
    _Shared.creation = Lock()


os.register_at_fork(after_in_child=_renew_creation_lock)


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
        with _Shared.creation:
            shared = _Shared.by_prefix.get(identity)
            if shared is None:
                redis_cache = RedisCache(server, {**params, "OPTIONS": options})
                client = redis_cache.client.get_client(write=True)
                shared = _Shared(client, self.key_prefix, max_entries)
                _Shared.by_prefix[identity] = shared
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
        shared.tally.add("misses" if reading.entry is None else "hits")
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
        if raw and not raw.startswith(_TOMBSTONE):
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
                shared.tally.add("misses" if reading.entry is None else "hits")
                found[key] = reading.entry
        return {key: msgspec.json.decode(entry.value) for key, entry in found.items() if entry}

    # --- Writing --------------------------------------------------------------------------------

    def fill(
        self, name: str, value: Any, reading: Reading, timeout: float | None = DEFAULT_TIMEOUT
    ) -> bool:
        """Keep what was read elsewhere after `reading`, unless the entry has changed since.

        `name` as `make_key` says, `timeout` in seconds. Returns whether it was kept.
        """
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
        shared = self.shared
        try:
            shared.run(_CLEAR, [], [uuid4().hex, *shared.coherence.message(None)])
        finally:
            for follower in shared.coherence.followers:
                follower.forget_all()

    def _set(
        self, key: str, value: Any, timeout: float | None, version: int | None, *, only_new: bool
    ) -> bool:
        shared = self.shared
        name = self.make_key(key, version)
        entry = Entry(msgspec.json.encode(value), self._end(timeout))
        try:
            message = shared.coherence.message([name])
            arguments = [_framed(entry), self._kept_ms(entry), int(only_new), *message]
            return bool(shared.run(_SET, [name], arguments))
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
        return bool(self.shared.run(_FILL, [name], arguments))

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
