"""Metrics of the process that are too expensive to update on every change: sampled instead."""

import time
from collections.abc import Callable

import psutil
from django.db import connection
from prometheus_client import Counter, Gauge

from gatewayz.redis.breaker import breaker
from gatewayz.request import deadline
from gatewayz.telemetry.metrics.slots import REGISTRY

SAMPLE_SECONDS = 5.0

Sampler = Callable[[], None]

_samplers: list[Sampler] = []
due_at = 0.0


def sampled(sampler: Sampler) -> Sampler:
    """Register `sampler` to set its metrics every SAMPLE_SECONDS while there are requests."""
    _samplers.append(sampler)
    return sampler


def sample_if_due() -> None:
    """Sample if the last sample is SAMPLE_SECONDS old."""
    global due_at  # noqa: PLW0603, of the process
    now = time.monotonic()
    if now >= due_at:
        due_at = now + SAMPLE_SECONDS
        sample()


def sample() -> None:
    """Call every sampler."""
    for sampler in _samplers:
        sampler()


def process_gauge(name: str, documentation: str) -> Gauge:
    """Make a gauge that is summed over the living processes."""
    return Gauge(name, documentation, multiprocess_mode="livesum", registry=REGISTRY)


class SampledCounter:
    """A Prometheus counter that follows a total counted elsewhere in this process."""

    def __init__(self, name: str, documentation: str) -> None:
        self._counter = Counter(name, documentation, registry=REGISTRY)
        self._seen = 0.0

    def update_to(self, total: float) -> None:
        """Add the growth of `total` since the last call."""
        # A total restarts at zero in a forked child, and when a pool is recreated.
        self._counter.inc(total - self._seen if total >= self._seen else total)
        self._seen = total


_resident = process_gauge("gatewayz_process_resident_bytes", "Memory of the web processes.")
_pool_open = process_gauge("gatewayz_database_pool_connections", "Open database connections.")
_pool_idle = process_gauge("gatewayz_database_pool_idle", "Idle database connections.")
_pool_limit = process_gauge("gatewayz_database_pool_limit", "The most database connections.")
_pool_waiting = process_gauge(
    "gatewayz_database_pool_waiting", "Requests that wait for a database connection."
)
_pool_errors = SampledCounter(
    "gatewayz_database_pool_errors", "Requests that got no database connection in time."
)
_late = SampledCounter(
    "gatewayz_requests_late", "Requests that were not answered by their deadline."
)
_breaker_open = process_gauge(
    "gatewayz_redis_breaker_open", "Processes that do without Redis because it did not answer."
)
_breaker_opened = SampledCounter(
    "gatewayz_redis_breaker_opened", "Times that a process began to do without Redis."
)


@sampled
def _sample_memory() -> None:
    _resident.set(psutil.Process().memory_info().rss)


@sampled
def _sample_pool() -> None:
    pool = connection.shared_connections  # type: ignore[attr-defined]
    if pool is None:
        return
    stats = pool.get_stats()
    _pool_open.set(stats["pool_size"])
    _pool_idle.set(stats["pool_available"])
    _pool_limit.set(stats["pool_max"])
    _pool_waiting.set(stats["requests_waiting"])
    _pool_errors.update_to(stats["requests_errors"])


@sampled
def _sample_bounds() -> None:
    _late.update_to(deadline.late_requests())
    _breaker_open.set(breaker.is_open())
    _breaker_opened.update_to(breaker.opened)
