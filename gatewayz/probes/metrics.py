"""GET /metrics, for Prometheus.

Besides the metrics of the processes, it has some that it asks Redis and the database for, each
within a time-out. When one of them does not answer, `gatewayz_dependency_up` says so and its
metrics are missing.
"""

import hmac
import logging
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from ipaddress import ip_address

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from gatewayz.api.problems import problem_response
from gatewayz.request.client_address import client_address
from gatewayz.telemetry.metrics import slots
from gatewayz.telemetry.metrics.process import sample

logger = logging.getLogger(__name__)

# By the name of a dependency, the function that asks it for metrics.
Dependencies = Mapping[str, Callable[[], Iterable[Metric]]]


def metrics(request: HttpRequest, dependencies: Dependencies) -> HttpResponse:
    """Return all metrics in the Prometheus text format to callers with METRICS_TOKEN; else 404.

    In development without a token, callers on the same machine may read them.
    """
    if not _is_allowed(request):
        return problem_response(
            HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this path."
        )
    sample()
    registry = CollectorRegistry()
    registry.register(slots.collector())
    registry.register(_DependencyCollector(dependencies))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_allowed(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if not token:
        return not settings.PRODUCTION and _is_from_this_machine(request)
    given = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode())


def _is_from_this_machine(request: HttpRequest) -> bool:
    """Whether the caller is on this machine, and not a proxy or tunnel that forwards others."""
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    address = client_address(request)
    return bool(address) and ip_address(address).is_loopback


class _DependencyCollector(Collector):
    """Metrics that are read from the dependencies when Prometheus scrapes."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "gatewayz_build_info", "The running version.", labels=["version", "python"]
        )
        build.add_metric([settings.GATEWAYZ_VERSION, platform.python_version()], 1)
        yield build
        up = GaugeMetricFamily(
            "gatewayz_dependency_up",
            "Whether the dependency answers: 1 or 0.",
            labels=["dependency"],
        )
        for name, ask in self._dependencies.items():
            try:
                answered = list(ask())
            except (DatabaseError, RedisError) as exc:
                logger.warning("Could not read metrics from %s: %s", name, exc)
                up.add_metric([name], 0)
            else:
                up.add_metric([name], 1)
                yield from answered
        yield up

    def describe(self) -> list[Metric]:
        """Return nothing; otherwise the registry would ask the dependencies when registering."""
        return []
