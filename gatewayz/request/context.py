"""The current request: its id, its user, and how long its parts took."""

import logging
import time
from collections.abc import Iterable
from contextvars import ContextVar

from django.http import HttpRequest

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_user_id: ContextVar[int | None] = ContextVar("user_id", default=None)
_timings_ms: ContextVar[dict[str, float] | None] = ContextVar("timings_ms", default=None)
_ignored_fields: ContextVar[list[str] | None] = ContextVar("ignored_fields", default=None)
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def current_request_id() -> str:
    """Return the id of the current request, or "-" outside a request."""
    return _request_id.get()


def current_user_id() -> int | None:
    """Return the user's id once the key has been looked up; None before, or outside a request."""
    return _user_id.get()


def set_current_user_id(user_id: int) -> None:
    """Record who makes the current request."""
    _user_id.set(user_id)


def ignored_fields() -> list[str]:
    """The names in the body of the current request that are not known, and do nothing."""
    return _ignored_fields.get() or []


def ignore_fields(names: Iterable[str]) -> None:
    """Say that these names in the body of the current request do nothing."""
    _ignored_fields.set(sorted({*ignored_fields(), *names}))


def current_request() -> HttpRequest | None:
    """Return the current request; None in a worker or a command.

    After authentication its `user` is the caller, for API requests too.
    """
    return _request.get()


def begin_request(request: HttpRequest, request_id: str) -> dict[str, float]:
    """Make `request` the current one. Returns the timings in ms, which `timed` adds to.

    `end_request` resets only the request itself. The other values stay, because Django logs a
    failed request after answering it; the thread's next request replaces them.
    """
    timings_ms: dict[str, float] = {}
    _request_id.set(request_id)
    _user_id.set(None)
    _timings_ms.set(timings_ms)
    _ignored_fields.set(None)
    _request.set(request)
    return timings_ms


def end_request() -> None:
    """Drop the current request, which may be large, before its thread becomes idle."""
    _request.set(None)


class timed:  # noqa: N801, it reads as a statement
    """`with timed(name):` adds the time of its block to metric `name` of the current request.

    The metric appears in the response's Server-Timing header and in `timing_ms(name)`.
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
    """Return the milliseconds measured so far as `name` in this request; 0.0 if there are none."""
    return (_timings_ms.get() or {}).get(name, 0.0)


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
