"""The accounts part of the admin's start page: each figure beside its documented target."""

import logging
from datetime import UTC, datetime
from functools import reduce
from operator import add
from typing import Any

from redis.exceptions import RedisError

from accounts import background
from accounts.access.authentication import KEY_DENIALS, ORIGIN_DENIALS
from accounts.activity.health import activity_stats
from accounts.admin.plans import with_user_and_key
from accounts.audit.denial_counts import HOURS, denials_per_hour
from accounts.limits.store import most_rejected
from gatewayz.admin_site.charts import BarChart, Gauge, bar_chart
from gatewayz.telemetry.metrics.distributions import Distribution
from gatewayz.telemetry.metrics.recent import Histograms, Window
from gatewayz.telemetry.metrics.requests import recent

logger = logging.getLogger(__name__)

CREATION_TARGET_MS = 200.0
LOOKUP_TARGET_MS = 5.0
HIT_RATE_TARGET_PERCENT = 85.0
QUEUE_TARGET = 100.0

SHOWN_LIMITED_KEYS = 5

Steps = list[tuple[datetime, Histograms]]

_CREATION, _LOOKUP = "http_session_creation_duration_ms", "http_user_lookup_duration_ms"


def latencies(window: Window) -> tuple[list[Gauge], list[BarChart]]:
    """Return gauges and charts of creating sessions and looking keys up, over `window`.

    They cover the web processes of all hosts, in one round trip to Redis and one to write what
    this process has not written yet.
    """
    try:
        recent.write()
        steps = recent.read(window)
    except RedisError:
        logger.warning("Redis did not answer the recent histograms", exc_info=True)
        steps = []
    creation = _total(steps, (_CREATION, "create_session"))
    hits, misses = (_total(steps, (_LOOKUP, hit)) for hit in ("true", "false"))
    lookup = hits + misses if hits and misses else None
    gauges = [
        _p99("Creating a session, p99", creation, CREATION_TARGET_MS, decimals=1),
        _p99("Looking up a key, p99", lookup, LOOKUP_TARGET_MS, decimals=2),
        Gauge(
            "Key cache hit rate",
            100 * hits.total / lookup.total if hits and lookup and lookup.total else None,
            HIT_RATE_TARGET_PERCENT,
            "above",
            unit=" %",
            decimals=1,
            full=100.0,
            note=f"Look-ups that reached the database: {misses.total:,}" if misses else "",
        ),
    ]
    return gauges, [_trend(steps, window), _creation_chart(creation, window)]


def _total(steps: Steps, name: tuple[str, str]) -> Distribution | None:
    known = [histograms[name] for _, histograms in steps if name in histograms]
    return reduce(add, known) if known else None


def _p99(title: str, observed: Distribution | None, target: float, decimals: int) -> Gauge:
    return Gauge(
        title,
        observed.quantile(0.99) if observed else None,
        target,
        "below",
        unit=" ms",
        decimals=decimals,
        note=_counted(observed, target),
        is_sure=observed is not None and _is_sure(observed, target),
    )


def _is_sure(observed: Distribution, target: float) -> bool:
    """Whether a p99 above `target` means more than that a few requests were slow.

    With fewer than 100 requests, the slowest one is the p99, and the first requests of each
    process are slow. So most requests must then be above it.
    """
    return observed.total >= 100 or observed.above(target) > max(5, observed.total // 2)


def _counted(observed: Distribution | None, target: float) -> str:
    if observed is None:
        return "Redis does not answer"
    median = observed.quantile(0.5)
    if median is None:
        return "Nothing measured in this time"
    slow = observed.above(target)
    return f"p50 {median:,.2f} ms; requests over the target: {slow:,} of {observed.total:,}"


def _trend(steps: Steps, window: Window) -> BarChart:
    created = [(at, histograms[_CREATION, "create_session"]) for at, histograms in steps]
    slowest = [(at, observed.quantile(0.99) or 0.0) for at, observed in created]
    step = "minute" if window.step_seconds == 60 else "hour"
    return bar_chart(
        "Creating a session, trend",
        [(f"{at:%H:%M} UTC", milliseconds) for at, milliseconds in slowest],
        over=[
            milliseconds > CREATION_TARGET_MS and _is_sure(observed, CREATION_TARGET_MS)
            for (_, observed), (_, milliseconds) in zip(created, slowest, strict=True)
        ],
        note=f"p99 in ms by {step}; target: below {CREATION_TARGET_MS:g} ms",
        summary=f"At most {max((ms for _, ms in slowest), default=0.0):,.1f} ms by {step}",
    )


def _creation_chart(creation: Distribution | None, window: Window) -> BarChart:
    title = "Time to create a session"
    if creation is None or not creation.total:
        return bar_chart(title, [])
    labels = [f"≤ {bound:g} ms" for bound in creation.bounds[:-1]]
    labels.append(f"> {creation.bounds[-2]:g} ms")
    return bar_chart(
        title,
        list(zip(labels, map(float, creation.counts), strict=True)),
        over=[bound > CREATION_TARGET_MS for bound in creation.bounds],
        note=f"Number of requests by duration: {window.title.lower()}",
    )


def queue() -> Gauge:
    """Gauge of the activity events that wait for a worker; unknown while Redis is down."""
    title = "Activity queue"
    try:
        stats, tasks = activity_stats(), background.waiting()
    except RedisError:
        logger.warning("Redis did not answer the activity buffer", exc_info=True)
        return Gauge(title, None, QUEUE_TARGET, "below", note="Redis does not answer")
    age = "No event waits"
    if stats.oldest_seconds is not None:
        age = f"oldest event: {stats.oldest_seconds:,.1f} s"
    return Gauge(
        title,
        stats.depth,
        QUEUE_TARGET,
        "below",
        note=f"{age}; tasks waiting: {tasks:,}; dead letters: {stats.dead_letters:,}",
    )


def denied_keys() -> BarChart:
    """Chart how often existing keys were denied in the last hours, from the audit log."""
    counted = denials_per_hour([*KEY_DENIALS, *ORIGIN_DENIALS])
    return bar_chart(
        "Failed authentications",
        [(f"{hour:%H:%M}", float(times)) for hour, times in counted],
        note=f"Existing keys denied per hour (UTC) in the last {HOURS} hours",
    )


def limited_keys() -> list[dict[str, Any]] | None:
    """Return who was rejected by limits most often today; None while Redis is down."""
    try:
        rejections = most_rejected(datetime.now(UTC).date().isoformat(), SHOWN_LIMITED_KEYS)
    except RedisError:
        logger.warning("Redis did not answer the limits", exc_info=True)
        return None
    return with_user_and_key(rejections)
