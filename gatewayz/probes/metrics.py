"""GET /metrics: what Prometheus reads.

Besides what the processes have observed, it asks Redis and the database, each within a time-out.
When one does not answer, its metrics are missing, `gatewayz_dependency_up` says so, and the rest
is there.
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

# By the name of what is asked: asks it, and gives the metrics.
Dependencies = Mapping[str, Callable[[], Iterable[Metric]]]


def metrics(request: HttpRequest, dependencies: Dependencies) -> HttpResponse:
    """All metrics in the Prometheus text format, for callers with METRICS_TOKEN; else 404.

    In development without a token, callers on the same machine may read them.
    """
    if not _is_allowed(request):
        return problem_response(
            HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this path."
        )
    sample()
    registry = CollectorRegistry()
    registry.register(slots.collector())
    registry.register(_Asked(dependencies))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_allowed(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if not token:
        return not settings.PRODUCTION and _is_from_this_machine(request)
    given = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode())


def _is_from_this_machine(request: HttpRequest) -> bool:
    """Whether the caller itself is here: a proxy or tunnel on this machine speaks for others."""
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    address = client_address(request)
    return bool(address) and ip_address(address).is_loopback


class _Asked(Collector):
    """What is asked at the time of the scrape."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "gatewayz_build_info", "What runs here.", labels=["version", "python"]
        )
        build.add_metric([settings.GATEWAYZ_VERSION, platform.python_version()], 1)
        yield build
        up = GaugeMetricFamily(
            "gatewayz_dependency_up", "Whether it answers: 1 or 0.", labels=["dependency"]
        )
        for name, ask in self._dependencies.items():
            try:
                answered = list(ask())
            except (DatabaseError, RedisError) as exc:
                logger.warning("No metrics of %s: %s", name, exc)
                up.add_metric([name], 0)
            else:
                up.add_metric([name], 1)
                yield from answered
        yield up

    def describe(self) -> list[Metric]:
        """Nothing: the registry would otherwise ask everything when this is registered."""
        return []
