"""The part of a cache that all threads of a process share: its memory and its view of Redis."""

import atexit
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import Any, ClassVar, NamedTuple, TypeVar
from uuid import uuid4

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gatewayz.caching import scripts
from gatewayz.caching.coherence import Coherence
from gatewayz.caching.local import LocalLevel
from gatewayz.redis.breaker import breaker
from gatewayz.threads.counters import Counters

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Longer than any reader takes from its miss to its fill.
TOMBSTONE_MS = 60_000
TOMBSTONE = b"~"
HOLD = TOMBSTONE + b"!"
HELD_EPOCH = b"!"
# How long Redis is not believed after its connection broke or another process could not write.
SUSPECT_SECONDS = 3.0
MAX_COUNTED_ENTRIES = 100_000
SAMPLED_SIZES = 100
_NAMES_PER_CALL = 1000
_EXIT_SECONDS = 5.0
_EXIT_RETRY_SECONDS = 0.2

# When deletes of more names than this are pending, the whole cache is cleared instead.
MAX_PENDING_DELETES = 10_000
_EVERYTHING = ""


class _Failure:
    """A failed attempt to delete entries, or to hold them."""

    def __init__(self, *, hold: bool) -> None:
        self.hold = hold


class RedisUsage(NamedTuple):
    """How many entries a cache has in Redis, and the memory they take there."""

    entries: int
    size_bytes: int


class ProcessCache:
    """The state of one cache in this process; `by_prefix` has one for each server and prefix."""

    by_prefix: ClassVar[dict[tuple[str, str], "ProcessCache"]] = {}
    creation = Lock()

    def __init__(self, client: Redis, prefix: str, max_entries: int) -> None:
        self.client = client
        self.epoch_key = f"{prefix}:epoch"
        self.run_key = f"{prefix}:run"
        self.local = LocalLevel(max_entries)
        self.coherence = Coherence(
            client.connection_pool,
            f"{prefix}:changed",
            on_lost=self.connection_lost,
            on_suspect=self._suspect_redis,
            on_tick=self._tick,
        )
        self.coherence.subscribers.append(self.local)
        self.counters = Counters()
        self._synced = False
        self._losses = 0
        self.suspect_until = 0.0  # monotonic seconds
        # By name, the failure to delete it.
        self._pending_deletes: dict[str, _Failure] = {}
        self._retries_at_exit = False
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)
        self._scripts = {
            text: client.register_script(text)
            for text in (scripts.SYNC, scripts.FILL, scripts.DELETE, scripts.CLEAR)
        }

    def _renew_lock(self) -> None:
        self._lock = Lock()

    # --- Asking Redis ---------------------------------------------------------------------------

    def run(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        """Run one of `scripts`, with the epoch as its first key.

        Raises redis.exceptions.RedisError.
        """
        return self.ask(lambda: self._scripts[script]([self.epoch_key, *keys], arguments))

    def fetch(self, names: list[str]) -> list[bytes]:
        """Return the epoch and the value of each of `names`, b"" where there is none.

        Raises redis.exceptions.RedisError.
        """
        # Not `mget`, which spends a tenth of the round trip checking its arguments.
        found = self.ask(lambda: self.client.execute_command("MGET", self.epoch_key, *names))
        return [text or b"" for text in found]

    def ask(self, question: Callable[[], T]) -> T:
        """Return what `question` gets from Redis. Raises redis.exceptions.RedisError."""
        try:
            self._sync()
            return question()
        except (RedisConnectionError, RedisTimeoutError):
            self._resync()
            raise

    def _sync(self) -> None:
        """Start a new epoch if Redis was restarted since any process last looked."""
        if self._synced:
            return
        losses = self._losses
        run_id = self.client.info("server")["run_id"]
        self._scripts[scripts.SYNC]([self.epoch_key, self.run_key], [run_id, uuid4().hex])
        # Unless the connection was lost again meanwhile.
        self._synced = losses == self._losses

    def _resync(self) -> None:
        """Look at the server again: it may be another one, or have other data."""
        self._losses += 1
        self._synced = False

    @property
    def redis_may_be_stale(self) -> bool:
        """Whether Redis may still hold entries that another process could not delete.

        True for SUSPECT_SECONDS after the connection broke, or after another process said so.
        """
        return time.monotonic() < self.suspect_until

    def _suspect_redis(self) -> None:
        self.suspect_until = time.monotonic() + SUSPECT_SECONDS

    def connection_lost(self) -> None:
        """Distrust Redis for a while: what happened in between was not heard."""
        self._resync()
        self._suspect_redis()

    def redis_usage(self, pattern: str) -> RedisUsage:
        """Count the entries whose names match `pattern`, in any epoch, and their bytes in Redis.

        Looks at no more than MAX_COUNTED_ENTRIES, and at the sizes of SAMPLED_SIZES of them.
        Raises redis.exceptions.RedisError.
        """
        names = self.client.scan_iter(pattern, count=_NAMES_PER_CALL)
        some = list(islice(names, MAX_COUNTED_ENTRIES))
        with self.client.pipeline(transaction=False) as pipeline:
            for name in some[:SAMPLED_SIZES]:
                pipeline.memory_usage(name)
            sizes = [size for size in pipeline.execute() if size]
        return RedisUsage(len(some), round(sum(sizes) / len(sizes) * len(some)) if sizes else 0)

    # --- Deleting -------------------------------------------------------------------------------

    def delete(self, names: list[str]) -> None:
        """Delete entries in every process.

        Raises redis.exceptions.RedisError; the delete is then retried in the background.
        """
        self._write_tombstones(names, hold=False)

    def hold(self, names: list[str]) -> None:
        """Delete entries in every process, and keep them from being filled in.

        The hold ends with the next `delete`, or after TOMBSTONE_MS. Raises
        redis.exceptions.RedisError; the hold is then retried in the background.
        """
        self._write_tombstones(names, hold=True)

    def _write_tombstones(self, names: list[str], *, hold: bool) -> None:
        mark = HOLD if hold else TOMBSTONE
        try:
            for start in range(0, len(names), _NAMES_PER_CALL):
                some = names[start : start + _NAMES_PER_CALL]
                token = mark + uuid4().hex.encode()
                message = self.coherence.message(some)
                self.run(scripts.DELETE, some, [token, TOMBSTONE_MS, *message])
        except RedisError as exc:
            self._retry_later(names, exc, hold=hold)
            # Redis may reject only writes, its memory or disk being full: other processes must
            # not go on reading the entries there.
            with suppress(RedisError):
                message = self.coherence.message(names, suspect=True)
                self.ask(lambda: self.client.publish(*message))
            raise
        finally:
            # After Redis, so that another thread does not keep what it has just read there.
            self.forget(names)

    def clear(self) -> None:
        """Delete all entries in every process. Raises redis.exceptions.RedisError."""
        self._start_epoch(hold=False)

    def hold_all(self) -> None:
        """Delete all entries, and keep any from being filled in until the next `clear`.

        The hold ends after TOMBSTONE_MS at the latest. Raises redis.exceptions.RedisError.
        """
        self._start_epoch(hold=True)

    def _start_epoch(self, *, hold: bool) -> None:
        epoch = uuid4().hex
        if hold:
            epoch = f"{HELD_EPOCH.decode()}{time.time() + TOMBSTONE_MS / 1000:.3f}:{epoch}"
        try:
            self.run(scripts.CLEAR, [], [epoch, *self.coherence.message(None)])
        finally:
            for subscriber in self.coherence.subscribers:
                subscriber.forget_all()

    def forget(self, names: list[str]) -> None:
        """Drop entries from this process's memory."""
        for subscriber in self.coherence.subscribers:
            subscriber.forget(names)

    # --- Deletes that Redis did not take --------------------------------------------------------

    @property
    def pending_deletes(self) -> int:
        """How many names still have to be deleted in Redis; 1 when that is the whole cache."""
        return len(self._pending_deletes)

    def retry_deletes(self) -> None:
        """Delete from Redis what could not be deleted earlier.

        Raises redis.exceptions.RedisError.
        """
        if not self._pending_deletes:
            return
        with self._lock:
            failures = dict(self._pending_deletes)
        if _EVERYTHING in failures:
            self._start_epoch(hold=failures[_EVERYTHING].hold)
        else:
            for hold in (False, True):
                names = [name for name, failure in failures.items() if failure.hold == hold]
                if names:
                    self._write_tombstones(names, hold=hold)
        with self._lock:
            for name, failure in failures.items():
                # Unless deleting it has failed again meanwhile.
                if self._pending_deletes.get(name) is failure:
                    del self._pending_deletes[name]
            if not self._pending_deletes:
                logger.warning("Redis accepts deletes again; all pending ones are done")

    def _retry_later(self, names: list[str], reason: RedisError, *, hold: bool) -> None:
        failure = _Failure(hold=hold)
        with self._lock:
            if not self._pending_deletes:
                logger.error(
                    "Could not delete cache entries in Redis (%s): this process has forgotten "
                    "them, other processes will once Redis accepts the delete",
                    reason,
                )
            self._pending_deletes |= dict.fromkeys(names, failure)
            too_many = len(self._pending_deletes) > MAX_PENDING_DELETES
            if too_many or _EVERYTHING in self._pending_deletes:
                self._pending_deletes = {_EVERYTHING: failure}
            if not self._retries_at_exit:
                self._retries_at_exit = True
                atexit.register(self._retry_before_exit)
        # The listening thread retries at each ping.
        self.coherence.start()

    def _tick(self) -> None:
        if self._pending_deletes:
            breaker.succeeded()
            # If this fails too, the deletes stay pending; that was logged when they failed.
            with suppress(RedisError):
                self.retry_deletes()

    def _retry_before_exit(self) -> None:
        """Give Redis a little time to come back before a command exits."""
        deadline = time.monotonic() + _EXIT_SECONDS
        while self._pending_deletes:
            try:
                self.retry_deletes()
            except RedisError as exc:
                if time.monotonic() > deadline:
                    logger.error(  # noqa: TRY400 the traceback says no more
                        "Redis does not answer (%s): other processes may use %d deleted entries "
                        "until these expire",
                        exc,
                        self.pending_deletes,
                    )
                    return
                time.sleep(_EXIT_RETRY_SECONDS)


def _renew_creation_lock() -> None:
    ProcessCache.creation = Lock()


os.register_at_fork(after_in_child=_renew_creation_lock)
