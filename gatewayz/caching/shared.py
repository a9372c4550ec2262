"""What the threads of a process share of a cache: its memory, and its view of Redis."""

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
SUSPECT_SECONDS = 3.0
MAX_MEASURED = 100_000
MEASURED_SIZES = 100
_NAMES_PER_CALL = 1000
_EXIT_SECONDS = 5.0

# Of more names than this that could not be deleted, all entries are deleted instead.
MAX_UNDELIVERED = 10_000
_EVERYTHING = ""
_EXIT_RETRY_SECONDS = 0.2


class _Failure:
    """A failure to delete entries, or to hold them."""

    def __init__(self, *, hold: bool) -> None:
        self.hold = hold


class Measure(NamedTuple):
    """How much of a cache is in Redis."""

    entries: int
    size_bytes: int


class Shared:
    """What all threads of a process share of one cache: its memory and its view of Redis."""

    by_prefix: ClassVar[dict[tuple[str, str], "Shared"]] = {}
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
        self.counters = Counters()
        self._synced = False
        self._losses = 0
        self._suspect_until = 0.0
        # By name, the failure to delete it.
        self._undelivered: dict[str, _Failure] = {}
        self._delivers_at_exit = False
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)
        self._scripts = {
            text: client.register_script(text)
            for text in (scripts.SYNC, scripts.SET, scripts.FILL, scripts.DELETE, scripts.CLEAR)
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
        """What `question` gets from Redis. Raises redis.exceptions.RedisError."""
        try:
            self._sync()
            return question()
        except (RedisConnectionError, RedisTimeoutError):
            self.distrust_redis()
            raise

    def _sync(self) -> None:
        """Begin a new epoch if Redis was restarted since any process last looked."""
        if self._synced:
            return
        losses = self._losses
        run_id = self.client.info("server")["run_id"]
        self._scripts[scripts.SYNC]([self.epoch_key, self.run_key], [run_id, uuid4().hex])
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
            breaker.succeeded()
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
        if _EVERYTHING in failures:
            self._begin_epoch(hold=failures[_EVERYTHING].hold)
        else:
            for hold in (False, True):
                names = [name for name, failure in failures.items() if failure.hold == hold]
                if names:
                    self._leave_token(names, hold=hold)
        with self._lock:
            for name, failure in failures.items():
                # Unless it has failed again meanwhile.
                if self._undelivered.get(name) is failure:
                    del self._undelivered[name]
            if not self._undelivered:
                logger.warning(
                    "Redis takes deletes again: every process has forgotten what it should"
                )

    def _deliver_later(self, names: list[str], reason: RedisError, *, hold: bool) -> None:
        failure = _Failure(hold=hold)
        with self._lock:
            if not self._undelivered:
                logger.error(
                    "Redis does not take a delete (%s): it is forgotten here, and by other "
                    "processes as soon as Redis takes it",
                    reason,
                )
            self._undelivered |= dict.fromkeys(names, failure)
            if _EVERYTHING in self._undelivered or len(self._undelivered) > MAX_UNDELIVERED:
                self._undelivered = {_EVERYTHING: failure}
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
        """Delete entries everywhere. Returns how many there were.

        Raises redis.exceptions.RedisError; Redis is told later.
        """
        return self._leave_token(names, hold=False)

    def hold(self, names: list[str]) -> None:
        """Delete entries everywhere, and have nothing filled in for them.

        This ends with the next `delete`, or by itself after TOMBSTONE_MS. Raises
        redis.exceptions.RedisError; Redis is told later.
        """
        self._leave_token(names, hold=True)

    def _leave_token(self, names: list[str], *, hold: bool) -> int:
        deleted = 0
        mark = HOLD if hold else TOMBSTONE
        try:
            for start in range(0, len(names), _NAMES_PER_CALL):
                some = names[start : start + _NAMES_PER_CALL]
                token = mark + uuid4().hex.encode()
                deleted += self.run(
                    scripts.DELETE, some, [token, TOMBSTONE_MS, *self.coherence.message(some)]
                )
        except RedisError as exc:
            # Redis may go on holding them: try again until it does not.
            self._deliver_later(names, exc, hold=hold)
            # It may refuse writes only, with its memory or disk full: others must not read on.
            with suppress(RedisError):
                message = self.coherence.message(names, suspect=True)
                self.ask(lambda: self.client.publish(*message))
            raise
        finally:
            # After Redis, so that what another thread has just read from there goes too.
            self.forget(names)
        return deleted

    def clear(self) -> None:
        """Delete all entries everywhere. Raises redis.exceptions.RedisError."""
        self._begin_epoch(hold=False)

    def hold_all(self) -> None:
        """Delete all entries, and have none filled in until the next `clear`.

        This ends by itself after TOMBSTONE_MS. Raises redis.exceptions.RedisError.
        """
        self._begin_epoch(hold=True)

    def _begin_epoch(self, *, hold: bool) -> None:
        epoch = uuid4().hex
        if hold:
            epoch = f"{HELD_EPOCH.decode()}{time.time() + TOMBSTONE_MS / 1000:.3f}:{epoch}"
        try:
            self.run(scripts.CLEAR, [], [epoch, *self.coherence.message(None)])
        finally:
            for follower in self.coherence.followers:
                follower.forget_all()

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
    Shared.creation = Lock()


os.register_at_fork(after_in_child=_renew_creation_lock)
