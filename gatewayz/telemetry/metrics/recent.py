"""Histograms of the last minutes, hour and day, of all web processes of all hosts.

A histogram of prometheus-client only grows, so it says nothing about now. Every few seconds each
process adds what its histograms grew by to Redis, by minute and by hour.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from django.conf import settings
from django_redis import get_redis_connection
from prometheus_client import Histogram
from redis.exceptions import RedisError

from gatewayz.telemetry.metrics.distributions import Distribution, distributions_of
from gatewayz.threads.background import BackgroundThread

logger = logging.getLogger(__name__)

_MINUTE, _HOUR = 60, 3_600
_KEPT_SECONDS = {_MINUTE: 2 * _HOUR, _HOUR: 26 * _HOUR}

Histograms = dict[tuple[str, str], Distribution]

writer = BackgroundThread("recent histograms")


@dataclass(frozen=True)
class Window:
    """A time until now, in steps of a minute or an hour."""

    name: str
    title: str
    step_seconds: int
    steps: int


WINDOWS = (
    Window("5m", "Last 5 minutes", _MINUTE, 5),
    Window("1h", "Last hour", _MINUTE, 60),
    Window("24h", "Last 24 hours", _HOUR, 24),
)


class RecentHistograms:
    """Recent observations of the histograms of all processes; each process writes its own part."""

    def __init__(self, histograms: Sequence[Histogram]) -> None:
        self._histograms = histograms
        self._written: Histograms = {}
        self._lock = Lock()

    def write_soon(self) -> None:
        """Write in a background thread."""
        writer.submit("write", self._write_if_possible)

    def write(self) -> None:
        """Add what this process's histograms grew by to the current minute and hour.

        The first call adds nothing: it cannot know what is new. Raises
        redis.exceptions.RedisError.
        """
        with self._lock:
            now = self._of_process()
            fields = {
                f"{name}|{label}|{place}": count
                for (name, label), known in now.items()
                for place, count in enumerate(_growth(self._written.get((name, label)), known))
                if count
            }
            if fields:
                _add(fields)
            # After Redis has taken it; otherwise the next call writes it.
            self._written = now

    def read(self, window: Window) -> list[tuple[datetime, Histograms]]:
        """Return the steps of `window`, oldest first, each with its histograms; the last is now.

        One round trip. Raises redis.exceptions.RedisError.
        """
        step = window.step_seconds
        last = int(time.time()) // step
        steps = range(last - window.steps, last + 1)
        pipeline = get_redis_connection("default").pipeline(transaction=False)
        for number in steps:
            pipeline.hgetall(_name(step, number))
        shapes = {name: known.bounds for name, known in self._of_process().items()}
        return [
            (datetime.fromtimestamp(number * step, UTC), _read(fields, shapes))
            for number, fields in zip(steps, pipeline.execute(), strict=True)
        ]

    def _of_process(self) -> Histograms:
        return distributions_of(
            family for histogram in self._histograms for family in histogram.collect()
        )

    def _write_if_possible(self) -> None:
        try:
            self.write()
        except RedisError as error:
            logger.warning("Could not write recent histograms: %s", error)


def _growth(before: Distribution | None, now: Distribution) -> Sequence[int]:
    if before is None or before.total > now.total:
        return []
    return [count - was for count, was in zip(now.counts, before.counts, strict=True)]


def _add(fields: dict[str, int]) -> None:
    now = int(time.time())
    pipeline = get_redis_connection("default").pipeline(transaction=True)
    for step, kept_seconds in _KEPT_SECONDS.items():
        name = _name(step, now // step)
        for field, count in fields.items():
            pipeline.hincrby(name, field, count)
        pipeline.expire(name, kept_seconds)
    pipeline.execute()


def _read(
    fields: dict[bytes, bytes], shapes: dict[tuple[str, str], tuple[float, ...]]
) -> Histograms:
    return {
        (name, label): Distribution(
            bounds,
            tuple(
                int(fields.get(f"{name}|{label}|{place}".encode(), 0))
                for place in range(len(bounds))
            ),
        )
        for (name, label), bounds in shapes.items()
    }


def _name(step_seconds: int, number: int) -> str:
    return f"{settings.REDIS_KEY_PREFIX}:{{recent}}:{step_seconds}:{number}"
