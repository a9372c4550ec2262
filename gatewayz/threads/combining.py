"""Group commit: several threads share one round trip for the same kind of work.

The technique is flat combining (Hendler et al., "Flat Combining and the
Synchronization-Parallelism Tradeoff", 2010).

The throughput of creating sessions was measured in turns on two busy cores, as a ratio to running
every call by itself. With the database on the same machine it was 1.9 with 8 clients and 1.9 with
64; with 25 ms added in each direction, 1.1 with 8 and 2.0 with 64. A combiner that also learned
how long a batch takes, and ran slow batches in parallel immediately, reached 1.5 and 1.5 on the
same machine, and 1.0 and 1.5 at a distance. docs/speed.md compares it with plain group commit.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Generic, TypeVar, cast

from gatewayz.request import deadline
from gatewayz.request.deadline import DeadlineExceeded

# A request with less time left than this runs alone: its deadline would end the work of others.
_ALONE_BELOW_SECONDS = 2.0
# How long a call waits for the running batch before it starts another one beside it.
PATIENCE_SECONDS = 0.005
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
    runs waits for its end, at most `patience_seconds`; then one of the waiting threads runs all
    waiting items as the next batch, for the others too. So no call waits for company when there is
    room, the busier the process, the larger the batches, and slow batches run beside each other.

    When `run` fails, every call of the batch raises its error. After an error of `alone_after`,
    which must leave nothing done, each call runs again by itself instead, because a single item
    may be at fault.

    A request with little time left runs alone, so that its deadline does not end the work of
    others, and no call waits past its own deadline. While `is_risky()` is true all run alone: a
    call that is likely to time out should not make others wait with it.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        patience_seconds: float = PATIENCE_SECONDS,
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

    @property
    def waiting(self) -> int:
        """How many calls wait for the running batch."""
        return len(self._waiting)

    def do(self, item: Item) -> Result:
        """Return the result of `run` for `item`, which may run in another caller's thread.

        Raises what `run` raises, and DeadlineExceeded.
        """
        is_late = deadline.within_deadline(_ALONE_BELOW_SECONDS) < _ALONE_BELOW_SECONDS
        if is_late or self._is_risky():
            return self._run([item])[0]
        call = _Call[Item, Result](item)
        with self._lock:
            self._waiting.append(call)
            batch = [] if self._running else self._take()
        if not batch:
            batch = self._await_turn(call)
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

    def _await_turn(self, call: _Call[Item, Result]) -> list[_Call[Item, Result]]:
        """Return the batch to run; an empty one when another thread has taken `call`."""
        with suppress(Empty):
            call.signal.get(timeout=self._patience_seconds)
        with self._lock:
            return [] if call.taken else self._take()

    def _take(self) -> list[_Call[Item, Result]]:
        batch, self._waiting = self._waiting, []
        for call in batch:
            call.taken = True
        self._running += 1
        return batch

    def _run_batch(self, batch: list[_Call[Item, Result]]) -> None:
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
                first = self._waiting[0] if self._waiting else None
            if first is not None:
                first.signal.put(None)
            for call in batch:
                call.done = True
                call.signal.put(None)
