"""Many callers want the same thing at once: one fetches it, the others wait for that."""

from collections.abc import Callable, Iterable
from threading import Event, Lock
from typing import Generic, TypeVar, cast

from gatewayz.request.deadline import within_deadline

T = TypeVar("T")


class _Flight(Generic[T]):
    """One call under way. `result` counts only when `landed`."""

    def __init__(self) -> None:
        self.done = Event()
        self.landed = False
        self.stale = False
        self.result: T | None = None
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """One call per name at a time, in this process. Waiters wait `wait_seconds` at most."""

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self.coalesced = 0
        self._flights: dict[str, _Flight[T]] = {}
        self._lock = Lock()

    def do(self, name: str, load: Callable[[], T]) -> T:
        """What `load` returns, called by this caller or by one that is at it already.

        When the leader fails, one of those who waited tries again; when that fails too, the
        others raise what it raised. Who waits too long calls `load` for itself. Nobody gets
        what was read before a `forget` of the name.

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
        """What is being fetched under these names may be outdated: fetch it again."""
        with self._lock:
            for name in names:
                flight = self._flights.pop(name, None)
                if flight is not None:
                    flight.stale = True

    def forget_all(self) -> None:
        """All that is being fetched may be outdated."""
        with self._lock:
            for flight in self._flights.values():
                flight.stale = True
            self._flights.clear()

    def after_fork(self) -> None:
        """Begin anew in a child process, where the leaders are not."""
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
