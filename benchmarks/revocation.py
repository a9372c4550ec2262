"""Measures how soon every process rejects a revoked key, even while Redis fails; and the hit rate.

Four web processes are asked all the time, by a process each, with keys that were just revoked
by yet another process. An answer counts against its key when the request began after the
revoking commit.
"""

import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from gatewayz.development import embedded
from gatewayz.development.embedded import redis_server

WEB_PROCESSES = 4
REVOCATIONS = 1000
SECONDS_BETWEEN_REVOCATIONS = 0.02
SECONDS_BETWEEN_QUESTIONS = 0.004
# How long a key is used after its revocation.
WATCHED_SECONDS = 4.0
# The documented bounds: while Redis works, and when it loses messages.
BOUND_SECONDS = 0.1
FAULT_BOUND_SECONDS = 2.5

ZIPF_KEYS = 10_000
ZIPF_LOOKUPS = 2_000_000
ZIPF_REVOCATIONS = 200


@dataclass
class Seen:
    """The answers of one web process, or of all, to requests with revoked keys."""

    asked_later: int = 0
    accepted_later: int = 0
    latest_seconds: float = 0.0
    failed: int = 0

    def add(self, age_seconds: float, status: int | None, bound_seconds: float) -> None:
        """Count the answer to a request that began `age_seconds` after the commit."""
        if status not in {200, 401}:
            self.failed += 1
            return
        self.asked_later += age_seconds > bound_seconds
        if status == 200:
            self.accepted_later += age_seconds > bound_seconds
            self.latest_seconds = max(self.latest_seconds, age_seconds)


def main() -> None:
    """Print the table of all conditions, then the hit rate of a Zipf workload."""
    redis_home = _embedded_redis()
    print(
        f"{WEB_PROCESSES} web processes, keys revoked by another process\n"
        f"{'':34}{'revoked':>8}{'bound s':>9}{'asked later':>13}{'accepted':>10}"
        f"{'last accepted after s':>23}{'no answer':>11}"
    )
    with _web_processes() as ports:
        _measure(ports, "Redis is well", BOUND_SECONDS, REVOCATIONS, lambda: None)
        if redis_home is None:
            print("REDIS_URL is set, so Redis is not paused or killed.")
        else:
            for name, fault in {
                "Redis is paused for 3 s": lambda: _pause_redis(redis_home, 3.0),
                "Redis is killed, back after 2 s": lambda: _restart_redis(redis_home, 2.0),
            }.items():
                _measure(ports, name, FAULT_BOUND_SECONDS, REVOCATIONS // 2, fault)
    _print_hit_rate()


def _measure(
    ports: list[int], name: str, bound_seconds: float, count: int, fault: Callable[[], None]
) -> None:
    from accounts.keys import create_key
    from accounts.models import User

    user = User.objects.create_user(f"{time.time_ns()}@example.com")
    made = [create_key(user, key_name=f"{n}") for n in range(count)]
    spawn = multiprocessing.get_context("spawn")
    watchers = [_Watcher(spawn, port, [key for _, key in made], bound_seconds) for port in ports]
    for watcher in watchers:
        watcher.wait_until_warm()

    faulty = threading.Timer(count * SECONDS_BETWEEN_REVOCATIONS / 4, fault)
    faulty.start()
    for key, secret in made:
        _revoke(key, secret, watchers)
        time.sleep(SECONDS_BETWEEN_REVOCATIONS)
    faulty.join()

    total = Seen()
    for watcher in watchers:
        seen = watcher.result()
        total.asked_later += seen.asked_later
        total.accepted_later += seen.accepted_later
        total.latest_seconds = max(total.latest_seconds, seen.latest_seconds)
        total.failed += seen.failed
    print(
        f"{name:34}{count:8,}{bound_seconds:9.1f}{total.asked_later:13,}"
        f"{total.accepted_later:10,}{total.latest_seconds:23.4f}{total.failed:11,}",
        flush=True,
    )


def _revoke(key: Any, secret: str, watchers: "list[_Watcher]") -> None:
    from django.db import transaction

    from accounts.keys import deactivate_key

    def tell_watchers() -> None:
        committed_at = time.monotonic()
        for watcher in watchers:
            watcher.keys.put((secret, committed_at))

    with transaction.atomic():
        # Called first after the commit, before the cache is invalidated.
        transaction.on_commit(tell_watchers)
        deactivate_key(key)


class _Watcher:
    """A process that calls one web process, first with all keys, then with revoked ones."""

    def __init__(self, context: Any, port: int, secrets: list[str], bound_seconds: float) -> None:
        # Keys and when the transactions that revoked them were committed (monotonic seconds),
        # then None.
        self.keys = context.Queue()
        self._answers = context.Queue()
        arguments = (port, secrets, bound_seconds, self.keys, self._answers)
        self._process = context.Process(target=_watch, args=arguments, daemon=True)
        self._process.start()

    def wait_until_warm(self) -> None:
        if not self._answers.get(timeout=120):
            raise SystemExit("a key does not work before it is revoked")

    def result(self) -> Seen:
        self.keys.put(None)
        seen: Seen = self._answers.get(timeout=120)
        self._process.join()
        return seen


def _watch(port: int, secrets: list[str], bound_seconds: float, keys: Any, answers: Any) -> None:
    with _client(port) as ask:
        answers.put(all(ask(secret) == 200 for secret in secrets))
        revoked: list[tuple[str, float]] = []
        seen = Seen()
        ended_at = None
        while ended_at is None or time.monotonic() < ended_at + WATCHED_SECONDS:
            while ended_at is None and not keys.empty():
                key = keys.get()
                if key is None:
                    ended_at = time.monotonic()
                else:
                    revoked.append(key)
            oldest = time.monotonic() - WATCHED_SECONDS
            recent = [key for key in revoked[-1000:] if key[1] > oldest]
            if recent:
                secret, committed_at = random.choice(recent)  # noqa: S311 no secret
                age_seconds = time.monotonic() - committed_at
                seen.add(age_seconds, ask(secret), bound_seconds)
            time.sleep(SECONDS_BETWEEN_QUESTIONS)
        # Uses every key once more.
        for secret, committed_at in revoked:
            seen.add(time.monotonic() - committed_at, ask(secret), bound_seconds)
        answers.put(seen)


@contextmanager
def _web_processes() -> Iterator[list[int]]:
    ports, processes = [], []
    for _ in range(WEB_PROCESSES):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    try:
        for port in ports:
            command = f"-m granian --interface wsgi --no-ws --port {port} --blocking-threads 4"
            processes.append(
                subprocess.Popen(
                    [sys.executable, *command.split(), "gatewayz.wsgi:application"],
                    cwd=Path(__file__).resolve().parents[1],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        for port in ports:
            _wait_until_up(port)
        yield ports
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _wait_until_up(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/healthz")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def _client(port: int) -> Iterator[Callable[[str], int | None]]:
    """Return a function that makes a request and returns its status; None without an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)

    def ask(api_key: str) -> int | None:
        try:
            connection.request(
                "GET",
                "/v1/chat/sessions?limit=1",
                headers={"Authorization": f"Bearer {api_key}"},
            )
            response = connection.getresponse()
            response.read()
        except (OSError, HTTPException):
            connection.close()
            return None
        return response.status

    try:
        yield ask
    finally:
        connection.close()


def _embedded_redis() -> Path | None:
    """The folder of the Redis that this run has started; None when REDIS_URL is set."""
    home = embedded.default_data_dir() / "benchmarks" / "redis"
    return home if str(home) in os.environ["REDIS_URL"] else None


def _pause_redis(home: Path, seconds: float) -> None:
    pid = int((home / "redis.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def _restart_redis(home: Path, seconds: float) -> None:
    os.kill(int((home / "redis.pid").read_text()), signal.SIGKILL)
    time.sleep(seconds)
    redis_server.start(home, durable=True)


def _print_hit_rate() -> None:
    """Print the hit rate of one process for keys used by Zipf's law, some of them revoked."""
    from accounts.access import key_lookup
    from accounts.keys import deactivate_key
    from accounts.models import ApiKey, User
    from accounts.principals import key_format
    from accounts.principals.cached_keys import key_cache as parts

    user = User.objects.create_user("zipf@example.com")
    secrets = [key_format.generate("live") for _ in range(ZIPF_KEYS)]
    ApiKey.objects.bulk_create(
        ApiKey(
            user=user,
            key_name=f"{n}",
            key_digest=key_lookup.current_digest(secret),
            key_prefix=secret[:10],
            last_four=secret[-4:],
        )
        for n, secret in enumerate(secrets)
    )
    while not parts().entries.process_cache.coherence.is_trusted():
        time.sleep(0.01)
    weights = [1 / rank for rank in range(1, ZIPF_KEYS + 1)]
    asked = random.choices(range(ZIPF_KEYS), weights, k=ZIPF_LOOKUPS)  # noqa: S311 no secret
    before = key_lookup.get_cache_stats()
    started = time.perf_counter()
    for n, index in enumerate(asked):
        if n % (ZIPF_LOOKUPS // ZIPF_REVOCATIONS) == 0:
            digest = key_lookup.current_digest(secrets[index])
            deactivate_key(ApiKey.objects.get(key_digest=digest))
        key_lookup.get_user(secrets[index])
    seconds = time.perf_counter() - started
    after = key_lookup.get_cache_stats()
    hits, misses = after["hits"] - before["hits"], after["misses"] - before["misses"]
    print(
        f"\nZipf over {ZIPF_KEYS:,} keys, {ZIPF_LOOKUPS:,} look-ups, {ZIPF_REVOCATIONS} "
        f"revocations: hit rate {hits / (hits + misses):.2%} "
        f"({misses:,} statements; {seconds / ZIPF_LOOKUPS * 1e6:.1f} µs a look-up in all)"
    )
