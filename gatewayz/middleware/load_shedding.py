"""No more requests at once than are answered well, and none that would be answered too late.

The server hands every request to a thread of its own at once, so that the backlog is here, where
it can be seen, and not in the server.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http import HTTPStatus
from threading import Lock

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter
from rest_framework.exceptions import APIException

from gatewayz.api.problems import problem_response
from gatewayz.request import deadline
from gatewayz.request.deadline import RETRY_AFTER_SECONDS
from gatewayz.telemetry.metrics.process import SampledCounter, process_gauge, sampled
from gatewayz.telemetry.metrics.slots import REGISTRY

# Let in at once for each database connection: most requests hold one for a single statement, or
# share that with others; see gatewayz.threads.combining.
REQUESTS_PER_CONNECTION = 4

# How much the newest request counts in the mean, and in the mean deviation from it.
_WEIGHT = 0.1
# A stay is rarely longer than the mean and so many deviations, as RFC 6298 has it of round trips.
# What ends in the midst of its statement takes a connection with it.
_DEVIATIONS = 4

_waiting = process_gauge("gatewayz_requests_waiting", "Requests that wait for their turn.")
_shed = SampledCounter(
    Counter(
        "gatewayz_requests_shed",
        "Requests turned away because they would have been answered too late.",
        registry=REGISTRY,
    )
)


class Gate:
    """At most `slots` inside at once; who comes in between waits in line.

    A turn comes after about a mean stay for every `slots` in line. Who would by that have no
    time left for its own stay, even a long one, is turned away at once, and who waits in vain is
    when its time is up.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.shed = 0  # how many were turned away
        self._free = slots
        self._line: deque[Lock] = deque()
        self._mean_seconds = 0.0
        self._deviation_seconds = 0.0
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def enter(self, allowed_seconds: float) -> bool:
        """Wait for a slot, `allowed_seconds` being left for wait and stay. False: turned away."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            stay = self._mean_seconds + _DEVIATIONS * self._deviation_seconds
            expected_seconds = (len(self._line) + 1) * self._mean_seconds / self.slots + stay
            if expected_seconds > allowed_seconds:
                self.shed += 1
                return False
            turn = Lock()
            turn.acquire()
            self._line.append(turn)
        if turn.acquire(timeout=max(0.0, allowed_seconds - stay)):
            return True
        with self._lock:
            if turn not in self._line:
                return True  # its turn came just now
            self._line.remove(turn)
            self.shed += 1
            return False

    def leave(self, stay_seconds: float) -> None:
        """Give the slot to the next in line."""
        with self._lock:
            error_seconds = stay_seconds - self._mean_seconds
            self._mean_seconds += error_seconds * _WEIGHT
            self._deviation_seconds += (abs(error_seconds) - self._deviation_seconds) * _WEIGHT
            if self._line:
                self._line.popleft().release()
            else:
                self._free += 1


class Overloaded(APIException):
    """503: the request would be answered too late."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "There are too many requests to answer this one in time. Please try again."
    default_code = "overloaded"
    wait = RETRY_AFTER_SECONDS


class _Turn:
    """The turn of one request."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._began: float | None = None

    def begin(self) -> bool:
        """Wait for it. False: turned away."""
        allowed_seconds = deadline.within_deadline(settings.REQUEST_DEADLINE_SECONDS)
        if not self._gate.enter(allowed_seconds):
            return False
        self._began = time.monotonic()
        return True

    def end(self) -> None:
        """Let the next one have it, unless it has ended."""
        if self._began is not None:
            self._gate.leave(time.monotonic() - self._began)
            self._began = None


_turn: ContextVar[_Turn | None] = ContextVar("turn", default=None)


@contextmanager
def without_turn() -> Iterator[None]:
    """While the block waits for its caller, others have the turn, and the deadline waits too.

    Raises Overloaded when there is no other turn in time.
    """
    turn = _turn.get()
    if turn is not None:
        turn.end()
    with deadline.paused():
        yield
    if turn is not None and not turn.begin():
        raise Overloaded


def process_gate() -> Gate:
    """The gate of this process, for as many as DATABASE_POOL_SIZE allows."""
    return _gate_with(REQUESTS_PER_CONNECTION * settings.DATABASE_POOL_SIZE)


@cache
def _gate_with(slots: int) -> Gate:
    return Gate(slots)


class LoadSheddingMiddleware:
    """Lets in as many requests as the database connections are enough for; 503 when it is late.

    Comes after the probes, which are always answered, and after the deadline is set.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.DATABASE_POOL_SIZE:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.gate = process_gate()
        sampled(self._sample)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        turn = _Turn(self.gate)
        if not turn.begin():
            return problem_response(
                Overloaded.status_code,
                Overloaded.default_code,
                Overloaded.default_detail,
                {"Retry-After": str(Overloaded.wait)},
            )
        token = _turn.set(turn)
        try:
            return self.get_response(request)
        finally:
            _turn.reset(token)
            turn.end()

    def _sample(self) -> None:
        _waiting.set(self.gate.waiting)
        _shed.update_to(self.gate.shed)
