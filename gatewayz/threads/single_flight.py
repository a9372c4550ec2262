"""Single flight: of many simultaneous callers, one loads a value and the others wait for it."""

from collections.abc import Callable, Iterable
from threading import Event, Lock
from typing import Generic, TypeVar, cast

from gatewayz.request.deadline import within_deadline

T = TypeVar("T")


class _Flight(Generic[T]):
    """One call in progress. `result` is valid only when `landed`."""

    def __init__(self) -> None:
        self.done = Event()
        self.landed = False
        self.stale = False
        self.result: T | None = None
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Runs one call per name at a time in this process; others wait `wait_seconds` at most."""

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self.coalesced = 0
        self._flights: dict[str, _Flight[T]] = {}
        self._lock = Lock()

    def do(self, name: str, load: Callable[[], T]) -> T:
        """Return what `load` returns, whether this caller runs it or another already does.

        When the first caller fails, one of those waiting tries again; when that fails too, the
        rest raise its error. A caller that waits too long runs `load` itself. No caller gets a
        value that was read before a `forget` of the name.

        Raises what `load` raises.
        """
        error: Exception | None = None
        for _ in range(2):
            with self._lock:
                flight = self._flights.get(name)
                if flight is None:
                    leads, flight = True, _Flight[T]()
                    self._flights[name] = flight
                else:
                    leads = False
                    self.coalesced += 1
            if leads:
                return self._lead(name, flight, load)
            if not flight.done.wait(within_deadline(self.wait_seconds)):
                break
            if flight.landed and not flight.stale:
                return cast("T", flight.result)
            error = flight.error
        if error is not None:
            raise error
        return load()

    def forget(self, names: Iterable[str]) -> None:
        """Mark the calls in progress under these names as outdated: they load again."""
        with self._lock:
            for name in names:
                flight = self._flights.pop(name, None)
                if flight is not None:
                    flight.stale = True

    def forget_all(self) -> None:
        """Mark all calls in progress as outdated."""
        with self._lock:
            for flight in self._flights.values():
                flight.stale = True
            self._flights.clear()

    def after_fork(self) -> None:
        """Start empty in a child process, which has none of the calling threads."""
        self._lock = Lock()
        self._flights.clear()

    def _lead(self, name: str, flight: _Flight[T], load: Callable[[], T]) -> T:
        try:
            result = load()
            if flight.stale:
                result = load()
            flight.result, flight.landed = result, True
        except Exception as exc:
            flight.error = exc
            raise
        finally:
            with self._lock:
                if self._flights.get(name) is flight:
                    del self._flights[name]
            flight.done.set()
        return result
