"""Until when a request must be answered: every wait on its way ends by then.

REQUEST_DEADLINE_SECONDS after it was taken up, or earlier if the client says so:

    X-Request-Timeout: 0.8      whole or decimal seconds; nonsense is ignored

A client that asks for less than MIN_ASKED_SECONDS gets that: work that is broken off costs more
than the client saves. What a request owes for something that it has done, such as the record of
it, is not the client's to cut short: it has FOLLOW_UP_SECONDS, however late the request is.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException

# When the request was taken up, in monotonic seconds.
_began: ContextVar[float | None] = ContextVar("began", default=None)
# In monotonic seconds. Outside a request there is none: workers and commands take their time.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)

RETRY_AFTER_SECONDS = 1
MIN_ASKED_SECONDS = 0.1
FOLLOW_UP_SECONDS = 1.0

_late = 0
_late_lock = Lock()


class DeadlineExceeded(APIException):
    """The request is late; whether what it asked for was done may not be known."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "The request could not be completed in time. Please try again."
    default_code = "deadline_exceeded"
    wait = RETRY_AFTER_SECONDS


def late_requests() -> int:
    """How many requests of this process were not answered by their deadline."""
    return _late


def began_at() -> float:
    """When the request being answered was taken up, in monotonic seconds; now, outside of one."""
    began = _began.get()
    return time.monotonic() if began is None else began


def remaining_seconds() -> float | None:
    """The seconds left for the request being answered, negative when it is late; None outside."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def within_deadline(seconds: float) -> float:
    """`seconds` to wait, or what is left for the request if that is less; never negative."""
    deadline = _deadline.get()
    if deadline is None:
        return seconds
    return max(0.0, min(seconds, deadline - time.monotonic()))


def has_passed() -> bool:
    """Whether the request being answered is late."""
    deadline = _deadline.get()
    return deadline is not None and time.monotonic() >= deadline


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Have the block, which a request is no longer answered by, end within `seconds`."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def extended() -> Iterator[None]:
    """Have FOLLOW_UP_SECONDS left in this block at the least, although the request may be late."""
    left_seconds = remaining_seconds()
    if left_seconds is None:
        yield
    else:
        with limited(max(left_seconds, FOLLOW_UP_SECONDS)):
            yield


@contextmanager
def paused() -> Iterator[None]:
    """Leave the time that the block takes, which the caller needs, out of the deadline."""
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
        token = _deadline.set(began + _allowed_seconds(request))
        try:
            return self.get_response(request)
        finally:
            if has_passed():
                _count_late()
            _deadline.reset(token)


def _count_late() -> None:
    global _late  # noqa: PLW0603, a counters
    with _late_lock:
        _late += 1


def _allowed_seconds(request: HttpRequest) -> float:
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
