"""What is known about the request being answered: its id and how long its parts took."""

import logging
import time
from contextvars import ContextVar

from django.http import HttpRequest

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_user_id: ContextVar[int | None] = ContextVar("user_id", default=None)
_timings_ms: ContextVar[dict[str, float] | None] = ContextVar("timings_ms", default=None)
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def current_request_id() -> str:
    """The id of the request being answered, or "-" outside one."""
    return _request_id.get()


def current_user_id() -> int | None:
    """The user who asks, once the key has been looked up; None before, and outside a request."""
    return _user_id.get()


def set_current_user_id(user_id: int) -> None:
    """Say who asks, for the log."""
    _user_id.set(user_id)


def current_request() -> HttpRequest | None:
    """The request being answered; None outside one, as in a worker or a command.

    After authentication its `user` is who makes it, for the API too.
    """
    return _request.get()


def begin_request(request: HttpRequest, request_id: str) -> dict[str, float]:
    """Make `request` the current one. Returns the timings (ms) that `timed` will add to.

    Nothing but the request itself is ever reset: Django logs a failed request after its answer,
    and the thread's next request sets its own.
    """
    timings_ms: dict[str, float] = {}
    _request_id.set(request_id)
    _user_id.set(None)
    _timings_ms.set(timings_ms)
    _request.set(request)
    return timings_ms


def end_request() -> None:
    """Let go of the current request, which may be large: the thread may rest for long."""
    _request.set(None)


class timed:  # noqa: N801, it reads as a statement
    """Measure the body of `with timed(name):` as metric `name` of the current request.

    It stands in the response's Server-Timing header and in `timing_ms(name)`; metrics of the
    same name add up.
    """

    __slots__ = ("_name", "_started")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        timings_ms = _timings_ms.get()
        if timings_ms is not None:
            elapsed_ms = (time.perf_counter() - self._started) * 1000
            timings_ms[self._name] = timings_ms.get(self._name, 0.0) + elapsed_ms


def timing_ms(name: str) -> float:
    """Milliseconds measured so far as `name` in this request; 0.0 when it was not measured."""
    return (_timings_ms.get() or {}).get(name, 0.0)


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
