"""Measures what recording activity costs a request, and how fast a worker writes it."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
from django.db import connection
from django_q.tasks import async_task
from django_redis import get_redis_connection

from accounts import activity, background
from accounts.activity import buffer
from accounts.activity.events import Event, new_event_id, write_events
from accounts.models import ActivityEvent, ApiKey, User

CALLS = 3_000
TASKS = 2_000
BURST = 100_000
LONGEST_SECONDS = 300.0

CHECKOUT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Measure and print; all comparisons are made in this run."""
    user = User.objects.create_user("benchmark@example.com")
    key = ApiKey.objects.create(user=user, key_name="benchmark", key_digest="0")
    _in_the_request(user, key)
    with _worker() as cluster:
        _in_the_worker(user, key, cluster)


def write_one(event: str) -> None:
    """The task of the alternative: one event, one INSERT."""
    write_events([msgspec.json.decode(event, type=Event)])


# --- In the request ----------------------------------------------------------------------------


def _in_the_request(user: User, key: ApiKey) -> None:
    fields = _fields(user, key)
    task = "benchmarks.activity.write_one"
    ways: dict[str, Callable[[], Any]] = {
        "activity.record()": lambda: activity.record(**fields),
        "synchronous INSERT": lambda: ActivityEvent.objects.create(
            event_id=new_event_id(), **fields
        ),
        "async_task per event, broker kept": lambda: background.enqueue(task, _json(user, key)),
        "async_task per event, as in tutorials": lambda: async_task(task, _json(user, key)),
        "PING, for comparison": get_redis_connection("default").ping,
    }
    print(f"In the request, {CALLS:,} calls each, taking turns\n")
    print(f"{'':<40}{'median':>10}{'p99':>10}{'':>4}of record()")
    micros = _timed_in_turns(ways)
    ours = statistics.median(micros["activity.record()"])
    for way, measured in micros.items():
        median = statistics.median(measured)
        p99 = statistics.quantiles(measured, n=100)[98]
        print(f"{way:<40}{median:>7.0f} µs{p99:>7.0f} µs{median / ours:>13.2f}×")
    _forget_everything()


def _timed_in_turns(ways: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Microseconds of each call; they take turns, so that a slow moment affects them all."""
    micros: dict[str, list[float]] = {way: [] for way in ways}
    for call in ways.values():
        call()
    for _ in range(CALLS):
        for way, call in ways.items():
            started = time.perf_counter()
            call()
            micros[way].append((time.perf_counter() - started) * 1e6)
    return micros


# --- In the worker -----------------------------------------------------------------------------


def _in_the_worker(user: User, key: ApiKey, cluster: psutil.Process) -> None:
    print("\nIn a django-q2 cluster with one worker\n")
    for _ in range(TASKS):
        background.enqueue("benchmarks.activity.write_one", _json(user, key))
    per_task = _rate_until(TASKS)
    print(f"{'a task per event':<40}{per_task:>10,.0f} events/s")
    _forget_everything()

    client = get_redis_connection("default")
    for _ in range(BURST // 1000):
        client.rpush(buffer._BUFFER, *[_json(user, key) for _ in range(1000)])
    redis_before = client.info("memory")["used_memory"]
    rss_before = _rss_by_process(cluster)
    background.enqueue("accounts.worker.drain.drain")
    peaks: dict[int, int] = {}
    batched = _rate_until(BURST, lambda: _note_peaks(cluster, peaks))
    print(f"{'batches, a burst of 100,000':<40}{batched:>10,.0f} events/s", end="")
    print(f"  ({batched / per_task:.0f}×)")
    growth = max(peak - rss_before.get(pid, peak) for pid, peak in peaks.items())
    print(f"{'growth of the worker':<40}{growth / 2**20:>10.1f} MiB")
    print(f"{'Redis with the burst waiting':<40}{redis_before / 2**20:>10.1f} MiB")
    print(f"{'events left in Redis':<40}{buffer.state().depth:>10,}")
    key.refresh_from_db()
    print(f"{'counted for the key':<40}{key.requests_used:>10,}")


def _rate_until(rows: int, look: Callable[[], None] = lambda: None) -> float:
    """Events per second from now until the log has `rows` rows."""
    begun, before = time.perf_counter(), ActivityEvent.objects.count()
    while (there := ActivityEvent.objects.count()) < rows:
        if time.perf_counter() - begun > LONGEST_SECONDS:
            raise TimeoutError(f"{there:,} of {rows:,} events after {LONGEST_SECONDS:.0f} s")
        look()
        time.sleep(0.05)
    return (rows - before) / (time.perf_counter() - begun)


@contextmanager
def _worker() -> Iterator[psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=CHECKOUT,
        env={**os.environ, "WORKERS": "1"},
        start_new_session=True,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _rss_by_process(cluster: psutil.Process) -> dict[int, int]:
    return {
        process.pid: process.memory_info().rss
        for process in (cluster, *cluster.children(recursive=True))
    }


def _note_peaks(cluster: psutil.Process, peaks: dict[int, int]) -> None:
    for pid, rss in _rss_by_process(cluster).items():
        peaks[pid] = max(rss, peaks.get(pid, 0))


# --- Events ------------------------------------------------------------------------------------


def _fields(user: User, key: ApiKey) -> dict[str, Any]:
    return {
        "user_id": user.pk,
        "api_key_id": key.pk,
        "model": "openai/gpt-4o",
        "provider": "openai",
        "tokens": 1234,
        "cost": 0.00012345,
        "finish_reason": "session_created",
        "app": "Chat",
        "metadata": {"action": "create_session", "session_id": 42, "session_title": "Hello"},
    }


def _json(user: User, key: ApiKey) -> str:
    event = Event(
        event_id=new_event_id(), timestamp=datetime.now(UTC), speed=0.0, **_fields(user, key)
    )
    return msgspec.json.encode(event).decode()


def _forget_everything() -> None:
    client = get_redis_connection("default")
    client.delete(buffer._BUFFER, buffer._WAKE)
    background.broker().purge_queue()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE activity_log, activity_daily, api_key_usage_daily")
        cursor.execute("UPDATE api_keys_new SET requests_used = 0")
