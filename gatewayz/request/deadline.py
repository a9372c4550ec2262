"""The deadline by which a request must be answered: no wait for anything goes on past it.

It is REQUEST_DEADLINE_SECONDS after the request began, or earlier if the client asks for that:

    X-Request-Timeout: 0.8      seconds, whole or decimal; other values are ignored

A client cannot ask for less than MIN_ASKED_SECONDS, because cancelled work costs more than the
client saves. Nor can it cut short the work that must follow a committed change, such as recording
it: that has FOLLOW_UP_SECONDS, however late the request is.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gatewayz.errors import Unavailable

# When the request began, in monotonic seconds.
_began: ContextVar[float | None] = ContextVar("began", default=None)
# In monotonic seconds. Workers and commands have no deadline.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)

MIN_ASKED_SECONDS = 0.1
FOLLOW_UP_SECONDS = 1.0

_late = 0
_late_lock = Lock()


class DeadlineExceeded(Unavailable):
    """503: the request was not completed in time; whether its work was done may be unknown."""

    default_detail = "The request could not be completed in time. Please try again."
    default_code = "deadline_exceeded"


def late_requests() -> int:
    """Return how many requests of this process missed their deadline."""
    return _late


def began_at() -> float:
    """Return when the current request began, in monotonic seconds; now, outside a request."""
    began = _began.get()
    return time.monotonic() if began is None else began


def remaining_seconds() -> float | None:
    """Return the seconds left for the current request, negative when late; None outside one."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def within_deadline(seconds: float) -> float:
    """Return `seconds`, or the time left for the request if that is less; never negative."""
    deadline = _deadline.get()
    if deadline is None:
        return seconds
    return max(0.0, min(seconds, deadline - time.monotonic()))


def has_passed() -> bool:
    """Whether the current request is late."""
    deadline = _deadline.get()
    return deadline is not None and time.monotonic() >= deadline


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Give the block a deadline of its own, `seconds` from now."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def extended() -> Iterator[None]:
    """Give the block at least FOLLOW_UP_SECONDS, even if the request is late."""
    left_seconds = remaining_seconds()
    if left_seconds is None:
        yield
    else:
        with limited(max(left_seconds, FOLLOW_UP_SECONDS)):
            yield


@contextmanager
def paused() -> Iterator[None]:
    """Do not count the time of the block, which waits for the client, against the deadline."""
    deadline, began = _deadline.get(), time.monotonic()
    try:
        yield
    finally:
        if deadline is not None:
            _deadline.set(deadline + time.monotonic() - began)


class DeadlineMiddleware:
    """Sets the deadline of each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        _began.set(began)
        token = _deadline.set(began + allowed_seconds(request))
        try:
            return self.get_response(request)
        finally:
            if has_passed():
                _count_late()
            _deadline.reset(token)


def _count_late() -> None:
    global _late  # noqa: PLW0603, a counter
    with _late_lock:
        _late += 1


def allowed_seconds(request: HttpRequest) -> float:
    """How long a request may take: the setting, or less if its client asks for that."""
    allowed: float = settings.REQUEST_DEADLINE_SECONDS
    asked = request.META.get("HTTP_X_REQUEST_TIMEOUT")
    if asked is None:
        return allowed
    try:
        seconds = float(asked)
    except ValueError:
        return allowed
    if not math.isfinite(seconds) or seconds <= 0:
        return allowed
    return min(max(seconds, MIN_ASKED_SECONDS), allowed)
