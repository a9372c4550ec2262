"""What is known about the request being answered: its id and how long its parts took."""

import logging
import random
import re
import time
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gatewayz.metrics.requests import observe_request

access_log = logging.getLogger("gatewayz.access")

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")

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


class RequestContextMiddleware:
    """Give each request an id and a stopwatch, and put both on its response.

    The client's own `X-Request-ID` is kept when it is sane: 1–128 characters that cannot
    break a log line or a header.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _SANE_REQUEST_ID.fullmatch(request_id):
            request_id = f"{random.getrandbits(128):032x}"
        timings_ms: dict[str, float] = {}
        # Never reset: Django logs failed requests after this has returned, and the thread's next
        # request sets its own.
        _request_id.set(request_id)
        _user_id.set(None)
        _timings_ms.set(timings_ms)
        _request.set(request)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            # It may be large, and the thread may rest.
            _request.set(None)
        timings_ms["total"] = (time.perf_counter() - started) * 1000
        response["X-Request-ID"] = request_id
        response["Server-Timing"] = ", ".join(
            f"{name};dur={elapsed_ms:.2f}" for name, elapsed_ms in timings_ms.items()
        )
        observe_request(request, response.status_code, timings_ms)
        if settings.ACCESS_LOG:
            _log_access(request, response.status_code, timings_ms["total"])
        return response


def _log_access(request: HttpRequest, status: int, total_ms: float) -> None:
    route = _route(request)
    access_log.info(
        "%s %s %d %.1fms",
        request.method,
        route,
        status,
        total_ms,
        extra={
            "method": request.method,
            "route": route,
            "status": status,
            "duration_ms": round(total_ms, 2),
        },
    )


def _route(request: HttpRequest) -> str:
    """What to log instead of the path: those of public links are secrets."""
    return f"/{request.resolver_match.route}" if request.resolver_match else "other"


class RouteFilter(logging.Filter):
    """Has Django's own line about a request that failed tell the route instead of the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            record.args = tuple(
                _route(request) if given == request.path else given for given in record.args
            )
        return True


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True
