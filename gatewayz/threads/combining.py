"""Group commit: several threads share one round trip for the same kind of work.

The technique is flat combining (Hendler et al., "Flat Combining and the
Synchronization-Parallelism Tradeoff", 2010).
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Generic, TypeVar, cast

from gatewayz.request import deadline
from gatewayz.request.deadline import DeadlineExceeded

# A request with less time left than this does not share: its deadline would end others' work.
_ALONE_BELOW_SECONDS = 2.0
# Batches that usually take at most this long run one at a time. Slower ones (a distant database)
# run in parallel, up to this many, and a call that finds all of them busy waits only briefly for
# others to share with.
_QUICK_SECONDS = 0.005
_PARALLEL_BATCHES = 8
_BUSY_WAIT_SECONDS = 0.002
# The fastest of this many batches is what a batch takes when nothing else is in its way.
_SAMPLES = 32
# Wakes a call outside a request, which has no deadline, in case a signal never comes.
_RECHECK_SECONDS = 60.0

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """One thread's item, and its result. `signal` wakes the thread to check again."""

    __slots__ = ("done", "error", "item", "result", "signal", "taken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.signal: SimpleQueue[None] = SimpleQueue()
        self.taken = False
        self.done = False
        self.result: Result | None = None
        self.error: Exception | None = None


class Combiner(Generic[Item, Result]):
    """Calls `run` with the items of many threads; `run` returns one result per item, in order.

    A call that comes when nothing is running starts immediately. A call that comes while a batch
    runs waits for its end, at most `patience_seconds`; then one waiting thread takes all waiting
    items as the next batch. So no call waits for company when there is room, and the busier the
    process, the larger the batches. Slow batches run in parallel, and then a call waits only
    briefly: waiting for half a batch would cost more than sharing saves.

    When `run` fails, every call of the batch raises its error. The exception is an error of
    `alone_after`, which must leave nothing done: each call then runs again by itself, because a
    single item may be at fault.

    A request with little time left runs alone, so that its deadline does not end the work of
    others, and no call waits past its own deadline. While `is_risky()` is true all run alone: a
    call that is likely to time out should not make others wait with it.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        patience_seconds: float = 0.02,
        alone_after: tuple[type[Exception], ...] = (),
        is_risky: Callable[[], bool] = lambda: False,
    ) -> None:
        self._run = run
        self._patience_seconds = patience_seconds
        self._alone_after = alone_after
        self._is_risky = is_risky
        self._lock = Lock()
        self._waiting: list[_Call[Item, Result]] = []
        self._running = 0
        self._usual_seconds = 0.0
        self._samples = 0
        self._fastest_seconds = inf

    def do(self, item: Item) -> Result:
        """Return the result of `run` for `item`. Raises what it raises, and DeadlineExceeded."""
        is_late = deadline.within_deadline(_ALONE_BELOW_SECONDS) < _ALONE_BELOW_SECONDS
        if is_late or self._is_risky():
            return self._run([item])[0]
        call = _Call[Item, Result](item)
        with self._lock:
            self._waiting.append(call)
            is_quick = self._usual_seconds <= _QUICK_SECONDS
            patience_seconds = self._patience_seconds if is_quick else _BUSY_WAIT_SECONDS
            is_full = self._running >= (1 if is_quick else _PARALLEL_BATCHES)
            batch = [] if is_full else self._take()
        if not batch:
            batch = self._await_turn(call, patience_seconds)
        if batch:
            self._run_batch(batch)
        while not call.done:
            with suppress(Empty):
                call.signal.get(timeout=deadline.within_deadline(_RECHECK_SECONDS))
            if deadline.has_passed() and not call.done:
                raise DeadlineExceeded
        if call.error is None:
            return cast("Result", call.result)
        try:
            if isinstance(call.error, self._alone_after) and len(batch) != 1:
                return self._run([item])[0]
            raise call.error
        finally:
            call.error = None  # breaks the cycle of error, traceback and call

    def _await_turn(
        self, call: _Call[Item, Result], patience_seconds: float
    ) -> list[_Call[Item, Result]]:
        """The batch to run; empty when another thread has taken `call` into its own."""
        # After `patience_seconds` the running batches are slow: start one beside them.
        with suppress(Empty):
            call.signal.get(timeout=patience_seconds)
        with self._lock:
            return [] if call.taken else self._take()

    def _take(self) -> list[_Call[Item, Result]]:
        batch, self._waiting = self._waiting, []
        for call in batch:
            call.taken = True
        self._running += 1
        return batch

    def _run_batch(self, batch: list[_Call[Item, Result]]) -> None:
        started = time.monotonic()
        try:
            results = self._run([call.item for call in batch])
            for call, result in zip(batch, results, strict=True):
                call.result = result
        except Exception as error:  # noqa: BLE001, each call raises it
            for call in batch:
                call.error = error
        finally:
            with self._lock:
                self._running -= 1
                self._sample(time.monotonic() - started)
                first = self._waiting[0] if self._waiting else None
            if first is not None:
                first.signal.put(None)
            for call in batch:
                call.done = True
                call.signal.put(None)

    def _sample(self, seconds: float) -> None:
        self._usual_seconds = min(self._usual_seconds, seconds)
        self._fastest_seconds = min(self._fastest_seconds, seconds)
        self._samples += 1
        if self._samples == _SAMPLES:
            self._usual_seconds = self._fastest_seconds
            self._samples, self._fastest_seconds = 0, inf
