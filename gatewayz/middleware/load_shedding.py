"""Limits how many requests run at the same time, and rejects those that would be too late.

The web server gives every request a thread immediately. So requests queue here, where the queue
can be measured, and not inside the server.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Lock

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from gatewayz.api.problems import response_to
from gatewayz.errors import Unavailable
from gatewayz.request import deadline
from gatewayz.telemetry.metrics.process import SampledCounter, process_gauge, sampled

# How many requests may run for each database connection. Most requests use a connection for a
# single statement, or share one statement with others (gatewayz.threads.combining).
REQUESTS_PER_CONNECTION = 4

# The weight of the newest request in the moving mean, and in the mean deviation from it.
_WEIGHT = 0.1
# A request rarely runs longer than the mean plus this many deviations (as RFC 6298 estimates round
# trips). The estimate is generous because a request cancelled mid-statement costs its connection.
_DEVIATIONS = 4

_waiting = process_gauge("gatewayz_requests_waiting", "Requests that wait for a slot.")
_shed = SampledCounter(
    "gatewayz_requests_shed", "Requests rejected because they would have been answered too late."
)


class Gate:
    """A queue in front of `slots` slots, each for one running request.

    A request that has `slots` requests before it in the queue waits for about the mean running
    time. If it would then have no time left to run, even for longer than the mean, it is rejected
    immediately. A request that is still queued when its time runs out is rejected too.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.shed = 0  # requests rejected so far
        self._free = slots
        self._queue: deque[Lock] = deque()
        self._mean_seconds = 0.0
        self._deviation_seconds = 0.0
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """The length of the queue."""
        return len(self._queue)

    def enter(self, allowed_seconds: float) -> bool:
        """Wait for a slot. `allowed_seconds` is the time left to wait and to run.

        Returns False when the request is rejected.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            run_seconds = self._mean_seconds + _DEVIATIONS * self._deviation_seconds
            wait_seconds = (len(self._queue) + 1) * self._mean_seconds / self.slots
            if wait_seconds + run_seconds > allowed_seconds:
                self.shed += 1
                return False
            turn = Lock()
            turn.acquire()
            self._queue.append(turn)
        if turn.acquire(timeout=max(0.0, allowed_seconds - run_seconds)):
            return True
        with self._lock:
            if turn not in self._queue:
                return True  # the slot came just now
            self._queue.remove(turn)
            self.shed += 1
            return False

    def leave(self, ran_seconds: float) -> None:
        """Give the slot, used for `ran_seconds`, to the next request in the queue."""
        with self._lock:
            error_seconds = ran_seconds - self._mean_seconds
            self._mean_seconds += error_seconds * _WEIGHT
            self._deviation_seconds += (abs(error_seconds) - self._deviation_seconds) * _WEIGHT
            if self._queue:
                self._queue.popleft().release()
            else:
                self._free += 1


class Overloaded(Unavailable):
    """503: the request was rejected because it would have been answered too late."""

    default_detail = "There are too many requests to answer this one in time. Please try again."
    default_code = "overloaded"


class _Slot:
    """The slot that one request occupies, and can give up for a while."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._began: float | None = None

    def begin(self) -> bool:
        """Wait for a slot. Returns False when the request is rejected."""
        allowed_seconds = deadline.within_deadline(settings.REQUEST_DEADLINE_SECONDS)
        if not self._gate.enter(allowed_seconds):
            return False
        self._began = time.monotonic()
        return True

    def end(self) -> None:
        """Give the slot up, if it is occupied."""
        if self._began is not None:
            self._gate.leave(time.monotonic() - self._began)
            self._began = None


_slot: ContextVar[_Slot | None] = ContextVar("slot", default=None)


@contextmanager
def without_slot() -> Iterator[None]:
    """Give up the request's slot, and pause its deadline, while the block waits for the client.

    Raises Overloaded when there is no slot in time afterwards.
    """
    slot = _slot.get()
    if slot is not None:
        slot.end()
    with deadline.paused():
        yield
    if slot is not None and not slot.begin():
        raise Overloaded


@contextmanager
def slot_of_its_own() -> Iterator[None]:
    """Run the block in a slot of its own, for which it waits as long as a download may take.

    Needs DATABASE_POOL_SIZE. Raises Overloaded.
    """
    gate = process_gate()
    if not gate.enter(settings.DOWNLOAD_SECONDS):
        raise Overloaded
    entered = time.monotonic()
    try:
        yield
    finally:
        gate.leave(time.monotonic() - entered)


@contextmanager
def patient_slot() -> Iterator[None]:
    """Run a part of a long request, which has given up its slot, in the time of a request.

    Waits for a slot as `slot_of_its_own` does. Raises Overloaded.
    """
    if not settings.DATABASE_POOL_SIZE:
        yield
        return
    with slot_of_its_own(), deadline.limited(settings.REQUEST_DEADLINE_SECONDS):
        yield


def process_gate() -> Gate:
    """The gate of this process; DATABASE_POOL_SIZE decides how many slots it has."""
    return _gate_with(REQUESTS_PER_CONNECTION * settings.DATABASE_POOL_SIZE)


@cache
def _gate_with(slots: int) -> Gate:
    return Gate(slots)


class LoadSheddingMiddleware:
    """Runs a request in a slot of the gate, or answers 503 if it would be too late.

    Comes after the probes, which are always answered, and after the deadline is set.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.DATABASE_POOL_SIZE:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.gate = process_gate()
        sampled(self._sample)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        slot = _Slot(self.gate)
        if not slot.begin():
            return response_to(Overloaded())
        token = _slot.set(slot)
        try:
            return self.get_response(request)
        finally:
            _slot.reset(token)
            slot.end()

    def _sample(self) -> None:
        _waiting.set(self.gate.waiting)
        _shed.update_to(self.gate.shed)
