"""Metrics of each request, observed when it has been answered."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from django.http import HttpRequest
from prometheus_client import Counter, Histogram

from gatewayz.telemetry.metrics.process import sample_if_due, sampled
from gatewayz.telemetry.metrics.recent import RecentHistograms
from gatewayz.telemetry.metrics.slots import REGISTRY

# In milliseconds. The bounds include the documented targets (200 ms to create a session, 5 ms to
# look up a user) and the alert's 500 ms, so that the share of requests within them is exact.
REQUEST_BUCKETS_MS = (1, 2.5, 5, 10, 25, 50, 100, 200, 500, 1000, 2500, 5000)
LOOKUP_BUCKETS_MS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 50, 250, 1000)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_requests = Counter(
    "http_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY
)
_request_ms = Histogram(
    "http_request_duration_ms",
    "Milliseconds from request to answer.",
    ["method", "route"],
    buckets=REQUEST_BUCKETS_MS,
    registry=REGISTRY,
)
_creations_ms = Histogram(
    "http_session_creation_duration_ms",
    "Milliseconds in which a request that creates a chat session was answered (target: 200).",
    ["endpoint"],
    buckets=REQUEST_BUCKETS_MS,
    registry=REGISTRY,
)
_creation_ms = _creations_ms.labels("create_session")
_lookup_ms = Histogram(
    "http_user_lookup_duration_ms",
    "Milliseconds to look up the user of a key that works (target: 5).",
    ["cache_hit"],
    buckets=LOOKUP_BUCKETS_MS,
    registry=REGISTRY,
)
_lookup_hit_ms, _lookup_miss_ms = _lookup_ms.labels("true"), _lookup_ms.labels("false")
recent = RecentHistograms([_creations_ms, _lookup_ms])
# A counter without labels exists from the start. One with labels appears with its first error,
# which Prometheus would not count as an increase.
_errors = Counter(
    "http_server_errors", "Requests that ended in a fault of the service (500).", registry=REGISTRY
)
_problems = Counter(
    "http_problems",
    "Requests answered by a problem object, by its `code`.",
    ["status", "code"],
    registry=REGISTRY,
)


@sampled
def _write_recent() -> None:
    recent.write_soon()


class _Route(NamedTuple):
    answered: Counter
    duration_ms: Histogram


# By method, route and status, all of them bounded, so that a request need not build labels.
_routes: dict[tuple[str, str, int], _Route] = {}


def observe_request(request: HttpRequest, status: int, timings_ms: Mapping[str, float]) -> None:
    """Count a request and observe its timings, the milliseconds of its Server-Timing header."""
    match = request.resolver_match
    name = (method_of(request), match.route if match else "", status)
    route = _routes.get(name)
    if route is None:
        route = _routes[name] = _route(*name)
    total_ms = timings_ms["total"]
    route.answered.inc()
    route.duration_ms.observe(total_ms)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _errors.inc()
    if "session_create" in timings_ms:
        _creation_ms.observe(total_ms)
    # Look-ups of made-up and expired keys are not observed: they are fast, and a flood of them
    # would look like a cache that works well.
    if "user_lookup" in timings_ms and status != HTTPStatus.UNAUTHORIZED:
        hit = "key_load" not in timings_ms
        (_lookup_hit_ms if hit else _lookup_miss_ms).observe(timings_ms["user_lookup"])
    sample_if_due()


def method_of(request: HttpRequest) -> str:
    """Return the method, or `other` for an unknown one."""
    method = request.method
    return method if method in _METHODS else "other"


def _route(method: str, route: str, status: int) -> _Route:
    path = f"/{route}" if route else "other"
    return _Route(_requests.labels(method, path, status), _request_ms.labels(method, path))


def count_problem(status: int, code: str) -> None:
    """Count a problem response; `code` must be one of this service's, not a caller's text."""
    _problems.labels(status, code).inc()
