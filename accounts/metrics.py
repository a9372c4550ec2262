"""Prometheus metrics of accounts: the key cache, the rate limits and the activity pipeline."""

from collections.abc import Iterator

from django.db import connection, transaction
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from accounts import background, limits
from accounts.access import key_lookup
from accounts.activity import buffer
from accounts.activity.health import age_seconds, counted_dead_letters
from accounts.background import failed_rows
from gatewayz.probes.metrics import Dependencies
from gatewayz.telemetry.metrics.process import SampledCounter, process_gauge, sampled

STATEMENT_TIMEOUT = "1s"

_entries = process_gauge("gatewayz_key_cache_entries", "API keys in the processes' memory.")
_bytes = process_gauge("gatewayz_key_cache_bytes", "Memory used by cached API keys.")
_totals = {
    name: SampledCounter(f"gatewayz_key_cache_{name}", documentation)
    for name, documentation in {
        "hits": "Look-ups that needed no database.",
        "misses": "Look-ups in the database.",
        "negative_hits": "Look-ups of keys cached as unknown.",
        "stale_hits": "Look-ups answered by an expired entry while the database was down.",
        "evictions": "Keys evicted from memory to make room for others.",
        "coalesced": "Look-ups that shared another look-up's statement.",
        "renewed": "Keys reloaded before their entry expired.",
    }.items()
}

_limits_unavailable = SampledCounter(
    "gatewayz_limits_unavailable", "Times that Redis did not answer the limits."
)


@sampled
def _sample_limits() -> None:
    _limits_unavailable.update_to(limits.counters.counts()["unavailable"])


@sampled
def _sample_key_cache() -> None:
    stats = key_lookup.get_process_stats()
    _entries.set(stats["cached_users"])
    _bytes.set(stats["cache_size_bytes"])
    for name, total in _totals.items():
        total.update_to(stats[name])


def _ask_redis() -> Iterator[Metric]:
    """Read queues and counters: three round trips, each bounded by REDIS_TIMEOUT_SECONDS."""
    state = buffer.state()
    yield _gauge(
        "activity_queue_depth",
        "Activity events that wait for a worker (target: < 100).",
        state.depth,
    )
    yield _gauge(
        "activity_queue_oldest_seconds",
        "How long the oldest event has waited.",
        age_seconds(state.oldest) or 0.0,
    )
    yield _gauge("task_queue_depth", "Tasks that wait for a worker.", background.waiting())
    yield _bad_rows()
    counters = {
        "batches": "Batches of events written.",
        "written": "Events written to the activity log by workers.",
        "failed_batches": "Batches returned to the buffer because Redis or the database failed.",
        "abandoned_batches": "Batches returned to the buffer because their worker died.",
        "redis_down": "Events written in the request because Redis did not answer.",
        "buffer_full": "Events written in the request because the buffer was full.",
        "lost": "Events that neither Redis nor the database accepted.",
    }
    for name, documentation in counters.items():
        yield CounterMetricFamily(
            f"gatewayz_activity_{name}", documentation, state.counters.get(name, 0)
        )


def _bad_rows() -> Metric:
    family = CounterMetricFamily(
        "gatewayz_bad_rows", "Rows for which a worker's work failed.", labels=["work"]
    )
    for work, count in failed_rows.counts().items():
        family.add_metric([work], count)
    return family


def _ask_database() -> Iterator[Metric]:
    """Count the dead letters, in one statement with a time-out of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        letters = counted_dead_letters()
    yield _gauge("activity_dead_letters", "Events that cannot be written (target: 0).", letters)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"gatewayz_{name}", documentation, value)


DEPENDENCIES: Dependencies = {"redis": _ask_redis, "database": _ask_database}
