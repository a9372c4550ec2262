"""Doing together what several threads want at the same moment: one round trip for all of them.

Known as group commit, or flat combining (Hendler et al., "Flat Combining and the
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

_ALONE_BELOW_SECONDS = 2.0
# Work that can be done in this time is worth waiting for. Of that which takes longer, behind a
# distant network, so much is done side by side, and who finds no room hardly waits for company.
_QUICK_SECONDS = 0.005
_SIDE_BY_SIDE = 8
_COMPANY_SECONDS = 0.002
# Of so many works, the fastest shows how long it takes when nothing else is in its way.
_LOOKED_AT = 32
# Outside a request there is no deadline, and whoever is at work always signals its end.
_LOOK_SECONDS = 60.0

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """One thread's wish. `signal` gets something when it is that thread's turn to look again."""

    __slots__ = ("done", "error", "item", "result", "signal", "taken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.signal: SimpleQueue[None] = SimpleQueue()
        self.taken = False
        self.done = False
        self.result: Result | None = None
        self.error: Exception | None = None


class Combiner(Generic[Item, Result]):
    """Runs `run`, which does something for many items at once and returns a result for each.

    Whoever comes alone is served at once. Whoever comes while another is at work waits for that
    to end, for `patience_seconds` at most; then one of those who wait does the work of all of
    them. So nothing waits for company, and the busier it is, the more is done in one go. Where
    work takes long, some is done side by side, and then there is hardly any patience: waiting
    for half of it would cost more than company gains.

    When `run` fails, all for whom it worked raise what it raised, except that an error of
    `alone_after`, which leaves nothing done, has each of them try again by itself: it may be
    the fault of a single item.

    A request with little time left goes alone, so that its deadline does not end the work of
    others; and nobody waits past its own. As long as `is_risky` says so, everybody goes alone:
    what is likely to wait in vain should not make others wait with it.
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
        self._working = 0
        self._usual_seconds = 0.0
        self._looked_at = 0
        self._fastest_seconds = inf

    def do(self, item: Item) -> Result:
        """What `run` returns for `item`; raises what it raises, and DeadlineExceeded."""
        is_late = deadline.within_deadline(_ALONE_BELOW_SECONDS) < _ALONE_BELOW_SECONDS
        if is_late or self._is_risky():
            return self._run([item])[0]
        call = _Call[Item, Result](item)
        with self._lock:
            self._waiting.append(call)
            is_quick = self._usual_seconds <= _QUICK_SECONDS
            patience_seconds = self._patience_seconds if is_quick else _COMPANY_SECONDS
            is_full = self._working >= (1 if is_quick else _SIDE_BY_SIDE)
            batch = [] if is_full else self._take()
        if not batch:
            batch = self._await_turn(call, patience_seconds)
        if batch:
            self._work(batch)
        while not call.done:
            with suppress(Empty):
                call.signal.get(timeout=deadline.within_deadline(_LOOK_SECONDS))
            if deadline.has_passed() and not call.done:
                raise DeadlineExceeded
        if call.error is None:
            return cast("Result", call.result)
        try:
            if isinstance(call.error, self._alone_after) and len(batch) != 1:
                return self._run([item])[0]
            raise call.error
        finally:
            call.error = None  # or it, its traceback and the call would hold each other

    def _await_turn(
        self, call: _Call[Item, Result], patience_seconds: float
    ) -> list[_Call[Item, Result]]:
        """The batch to work on, unless somebody else has taken `call` into theirs."""
        # When patience ends, the others are slow, and this one goes ahead.
        with suppress(Empty):
            call.signal.get(timeout=patience_seconds)
        with self._lock:
            return [] if call.taken else self._take()

    def _take(self) -> list[_Call[Item, Result]]:
        batch, self._waiting = self._waiting, []
        for call in batch:
            call.taken = True
        self._working += 1
        return batch

    def _work(self, batch: list[_Call[Item, Result]]) -> None:
        started = time.monotonic()
        try:
            results = self._run([call.item for call in batch])
            for call, result in zip(batch, results, strict=True):
                call.result = result
        except Exception as error:  # noqa: BLE001, each of them raises it
            for call in batch:
                call.error = error
        finally:
            with self._lock:
                self._working -= 1
                self._look_at(time.monotonic() - started)
                following = self._waiting[0] if self._waiting else None
            if following is not None:
                following.signal.put(None)
            for call in batch:
                call.done = True
                call.signal.put(None)

    def _look_at(self, seconds: float) -> None:
        self._usual_seconds = min(self._usual_seconds, seconds)
        self._fastest_seconds = min(self._fastest_seconds, seconds)
        self._looked_at += 1
        if self._looked_at == _LOOKED_AT:
            self._usual_seconds = self._fastest_seconds
            self._looked_at, self._fastest_seconds = 0, inf
