"""Histograms of the last minutes, hour and day."""

import math
import time

import pytest
from django.conf import settings
from prometheus_client import CollectorRegistry, Histogram
from redis.exceptions import RedisError

from gatewayz.telemetry.metrics import recent
from gatewayz.telemetry.metrics.recent import WINDOWS, RecentHistograms

NAME = ("test_recent_ms", "a")


class Process:
    """The observations of one web process."""

    def __init__(self):
        self.histogram = Histogram(
            "test_recent_ms",
            "Of this test.",
            ["kind"],
            buckets=(10.0, 100.0, math.inf),
            registry=CollectorRegistry(),
        )
        self.histogram.labels("a")
        self.recent = RecentHistograms([self.histogram])
        self.recent.write()

    def observe(self, *milliseconds):
        for observed in milliseconds:
            self.histogram.labels("a").observe(observed)
        self.recent.write()

    def counts(self, window):
        steps = [found[NAME].counts for _, found in self.recent.read(window)]
        return tuple(map(sum, zip(*steps, strict=True)))


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.name)
def test_observations_of_all_processes_add_up(window):
    one, other = Process(), Process()
    one.observe(5, 50)
    other.observe(50, 500)
    one.observe(5)

    assert one.counts(window) == other.counts(window) == (2, 2, 1)


def test_observations_older_than_the_window_are_left_out(monkeypatch):
    process = Process()
    process.observe(5)
    now = time.time()

    def counted_after(seconds):
        monkeypatch.setattr(recent.time, "time", lambda: now + seconds)
        return [process.counts(window)[0] for window in WINDOWS]

    assert counted_after(240) == [1, 1, 1]
    assert counted_after(420) == [0, 1, 1]
    assert counted_after(3 * 3600) == [0, 0, 1]
    assert counted_after(26 * 3600) == [0, 0, 0]


def test_observations_that_redis_rejected_are_written_later(monkeypatch):
    def reject(alias):
        raise RedisError

    process = Process()
    with monkeypatch.context() as patched, pytest.raises(RedisError):
        patched.setattr(recent, "get_redis_connection", reject)
        process.observe(5)
    process.observe(50)

    assert process.counts(WINDOWS[0]) == (1, 1, 0)


def test_every_key_in_redis_expires():
    Process().observe(5)

    client = recent.get_redis_connection("default")
    names = list(client.scan_iter(f"{settings.REDIS_KEY_PREFIX}:{{recent}}*"))
    assert len(names) == 2
    assert all(0 < client.ttl(name) <= 26 * 3600 for name in names)
