"""Gives each request an id, measures its time, and writes the access log."""

import logging
import random
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gatewayz.request.context import begin_request, end_request
from gatewayz.telemetry.metrics.requests import method_of, observe_request

access_log = logging.getLogger("gatewayz.access")

_SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")


class RequestContextMiddleware:
    """Adds X-Request-ID and Server-Timing to every response.

    A client's own `X-Request-ID` is kept if it consists of 1–128 characters that cannot break a
    log line or a header.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _SAFE_REQUEST_ID.fullmatch(request_id):
            request_id = f"{random.getrandbits(128):032x}"
        timings_ms = begin_request(request, request_id)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            end_request()
        elapsed_ms = (time.perf_counter() - started) * 1000
        # The time that a client takes to send a long body is not the service's.
        timings_ms["total"] = elapsed_ms - timings_ms.get("receive", 0.0)
        response["X-Request-ID"] = request_id
        response["Server-Timing"] = ", ".join(
            f"{name};dur={elapsed_ms:.2f}" for name, elapsed_ms in timings_ms.items()
        )
        observe_request(request, response.status_code, timings_ms)
        if settings.ACCESS_LOG:
            _log_access(request, response.status_code, timings_ms["total"])
        return response


def _log_access(request: HttpRequest, status: int, total_ms: float) -> None:
    method, route = method_of(request), _route(request)
    access_log.info(
        "%s %s %d %.1fms",
        method,
        route,
        status,
        total_ms,
        extra={
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(total_ms, 2),
        },
    )


def _route(request: HttpRequest) -> str:
    """The route, logged instead of the path: paths of public links are secrets."""
    return f"/{request.resolver_match.route}" if request.resolver_match else "other"


class RouteFilter(logging.Filter):
    """Replaces the path by the route in Django's own log lines about failed requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            record.args = tuple(
                _route(request) if given == request.path else given for given in record.args
            )
        return True
