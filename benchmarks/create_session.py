"""Compares services that answer `POST /v1/chat/sessions`, and the bare INSERT, in one run.

Contenders take turns, round by round and in changing order, so that what the machine does
meanwhile hits them all alike; figures are medians of the rounds, and ratios are taken within a
round. Each must first answer as the contract says, and at the end of each round there must be one
row of activity for each session made: a contender that errs is not measured.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import redis

from benchmarks.contenders import LIMIT, OURS, SERVICES, THREADS
from benchmarks.measuring import load
from benchmarks.measuring.counters import StatementLog, redis_round_trips
from benchmarks.measuring.load import Load
from benchmarks.measuring.servers import CHECKOUT, Running, running
from tests.faults.proxy import Proxy, upstream_of

RESULTS = Path(__file__).parent / "results"
PATH = "/v1/chat/sessions"
BODY = {"title": "Benchmark", "model": "openai/gpt-4o"}
COUNTED_REQUESTS = 50
WARM_UP_SECONDS = 1.0
DRAIN_SECONDS = 60.0
QUIET_SECONDS = 0.3


@dataclass
class Measured:
    """The results of one contender for one number of clients at one latency."""

    contender: str
    latency_ms: float
    clients: int
    statements: float | None
    round_trips: float
    memory_mb: float
    rounds: list[Load] = field(default_factory=list)

    def median(self, name: str) -> float:
        return statistics.median(getattr(round_, name) for round_ in self.rounds)


def main(*given: str) -> None:
    """Measure what was chosen, print the tables, and save the figures as JSON.

    Raises SystemExit when a contender errs.
    """
    chosen = arguments(given)
    measured = measure(chosen)
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"create_session-{now:%Y%m%d-%H%M%S}.json"
    kept = {
        "at": now.isoformat(),
        "settings": settings(chosen).splitlines(),
        "measured": [asdict(one) for one in measured],
    }
    path.write_text(json.dumps(kept, indent=1))
    print(f"\nAll rounds: {path.relative_to(CHECKOUT)}")


def measure(chosen: argparse.Namespace) -> list[Measured]:
    """Measure what `arguments` has read, and print the tables.

    Raises SystemExit when a contender errs.
    """
    try:
        load.check_generator()
        with _Bench(chosen) as bench:
            print(settings(chosen), flush=True)
            return [
                one
                for latency_ms in chosen.latencies
                for one in bench.measure(latency_ms, chosen.clients)
            ]
    except load.LoadError as error:
        raise SystemExit(str(error)) from error


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks create_session")
    names = [*SERVICES, LIMIT]
    parser.add_argument("--contenders", nargs="+", choices=names, default=names)
    parser.add_argument(
        "--latencies",
        nargs="+",
        type=float,
        default=[0, 2, 25, 100],
        metavar="MS",
        help="milliseconds of a round trip to the database; 0 is the local unix socket",
    )
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="the length of each round")
    parser.add_argument("--processes", type=int, default=2, help="web processes of each contender")
    parser.add_argument(
        "--threads", type=int, default=THREADS, help="threads of each gunicorn process"
    )
    chosen = parser.parse_args(given)
    # Everything is shown as a ratio to ours, which comes first.
    chosen.contenders = list(dict.fromkeys([OURS.name, *chosen.contenders]))
    return chosen


def settings(chosen: argparse.Namespace) -> str:
    """The machine and the settings of a run, for people."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        postgres = connection.execute(
            "SELECT version(), current_setting('fsync'), current_setting('synchronous_commit')"
        ).fetchone()
    assert postgres is not None
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        server = client.info("server")["redis_version"]
        append_only = client.config_get("appendonly")["appendonly"]
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return "\n".join(
        [
            f"machine    {os.cpu_count()} CPUs, {cpu}; Python {platform.python_version()}",
            f"servers    {chosen.processes} web processes each; gunicorn: {chosen.threads} "
            "threads a process; pools of up to 16 connections a process",
            f"database   {postgres[0].split(' on ')[0]}, fsync {postgres[1]}, "
            f"synchronous_commit {postgres[2]}; unix socket, or the latency proxy by TCP",
            f"Redis      {server}, unix socket, appendonly {append_only}",
            "ours       GATEWAYZ_ENV=production, activity on with its worker, LOG_LEVEL=INFO",
            f"load       wrk, 1 thread; {chosen.rounds} rounds of {chosen.seconds} s in turns",
        ]
    )


class _Bench:
    """Runs the contenders at one latency after the other, and keeps the data."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.chosen = chosen
        self._stack = ExitStack()
        self._quiet_seconds = QUIET_SECONDS
        self._costs: dict[str, tuple[float | None, float]] = {}

    def __enter__(self) -> "_Bench":
        url = os.environ["DATABASE_URL"]
        self.database = self._stack.enter_context(
            psycopg.connect(url, autocommit=True, application_name="benchmark")
        )
        self.redis = self._stack.enter_context(redis.Redis.from_url(os.environ["REDIS_URL"]))
        self.user_id, self.keys = user_and_keys(self.chosen.contenders)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def measure(self, latency_ms: float, clients: list[int]) -> list[Measured]:
        """Measure every contender at one latency for each number of clients, and print tables."""
        chosen = self.chosen
        # No contender makes more round trips to the database between two rows.
        self._quiet_seconds = QUIET_SECONDS + latency_ms * 6 / 1000
        services = [SERVICES[name] for name in chosen.contenders if name != LIMIT]
        with (
            database_at(latency_ms) as url,
            running(
                services,
                self.keys,
                database_url=url,
                processes=chosen.processes,
                threads=chosen.threads,
            ) as started,
        ):
            self._check_answers(started)
            # These are the same at every latency.
            self._costs = self._costs or {one.contender.name: self._count(one) for one in started}
            measured = []
            with ExitStack() as workers:
                for one in started:
                    workers.enter_context(one.worker())
                self._await_activity("its worker")
                for count in clients:
                    table = self._rounds(latency_ms, count, started, url)
                    where = f"{latency_ms:g} ms to the database" if latency_ms else "local"
                    print(formatted(where, table), flush=True)
                    measured += table
        return measured

    # --- Before the rounds ---------------------------------------------------------------------

    def _check_answers(self, started: list[Running]) -> None:
        """Raise LoadError unless each contender answers as ours does and inserts the row."""
        self._forget_rows()
        shape = None
        for one in started:
            name = one.contender.name
            with _client(one) as ask:
                status, answer = ask()
            if status != 201:
                raise load.LoadError(f"{name} answers {status}: {answer}")
            fields = {"": sorted(answer), "data": sorted(answer["data"])}
            shape = shape or fields
            if fields != shape:
                raise load.LoadError(f"{name} answers with different fields: {fields}")
            row = self.database.execute(
                "SELECT user_id, title, model FROM chat_sessions WHERE id = %s",
                [answer["data"]["id"]],
            ).fetchone()
            if row != (self.user_id, BODY["title"], BODY["model"]):
                raise load.LoadError(f"{name} has made {row}")

    def _count(self, one: Running) -> tuple[float | None, float]:
        """Count statements and Redis round trips of one request, while no worker runs."""
        with _client(one) as ask:

            def requests() -> None:
                for _ in range(COUNTED_REQUESTS):
                    ask()

            # Prepared statements, caches and pools of every process are warm afterwards.
            load.create_sessions(one.port, one.api_key, 16, WARM_UP_SECONDS)
            statements, round_trips = StatementLog(self.database).count(
                lambda: redis_round_trips(self.redis, requests)
            )
        return (
            statements / COUNTED_REQUESTS if statements is not None else None,
            round_trips / COUNTED_REQUESTS,
        )

    # --- Rounds --------------------------------------------------------------------------------

    def _rounds(
        self,
        latency_ms: float,
        clients: int,
        started: list[Running],
        url: str,
    ) -> list[Measured]:
        table = [
            Measured(
                one.contender.name,
                latency_ms,
                clients,
                *self._costs[one.contender.name],
                one.memory_mb(),
            )
            for one in started
        ]
        if LIMIT in self.chosen.contenders:
            table.append(Measured(LIMIT, latency_ms, clients, 1.0, 0.0, 0.0))
        self._forget_rows()
        for one in started:
            # Connections are opened one after another, each with several round trips.
            seconds = WARM_UP_SECONDS + latency_ms / 50
            self._create(one, clients, seconds)
            self._await_activity(one.contender.name)
        turns = list(zip(table, [*started, None], strict=False))
        for number in range(self.chosen.rounds):
            # No contender always comes first, or always after the same one.
            for measured, one in turns if number % 2 else reversed(turns):
                self._forget_rows()
                if one is None:
                    measured.rounds.append(self._bare_inserts(clients, url))
                else:
                    measured.rounds.append(self._round(one, clients))
        return table

    def _round(self, one: Running, clients: int) -> Load:
        found = self._create(one, clients, self.chosen.seconds)
        self._await_activity(one.contender.name)
        return found

    def _create(self, one: Running, clients: int, seconds: float) -> Load:
        """Measure a contender under a load; after an error, try once more."""
        tries = one.contender.tries
        while True:
            before = one.cpu_seconds()
            try:
                found = load.create_sessions(one.port, one.api_key, clients, seconds)
                break
            except load.LoadError as error:
                what = f"{one.contender.name}: {error}; see {one.log.name}"
                tries -= 1
                if not tries:
                    raise load.LoadError(what) from error
                print(what, flush=True)
            # Rows of a failed request belong to no measurement.
            time.sleep(self._quiet_seconds)
            self._forget_rows()
        cpu_ms = (one.cpu_seconds() - before) * 1000 / found.requests
        return Load(**{**asdict(found), "cpu_ms": cpu_ms})

    def _bare_inserts(self, clients: int, url: str) -> Load:
        options = {
            "user-id": self.user_id,
            "clients": clients,
            "processes": self.chosen.processes,
            "warm-up-seconds": WARM_UP_SECONDS,
            "seconds": self.chosen.seconds,
        }
        done = subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks.contenders.bare_insert"),
                *(word for name, value in options.items() for word in (f"--{name}", str(value))),
            ],
            cwd=CHECKOUT,
            env={**os.environ, "DATABASE_URL": url},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return Load(**json.loads(done.stdout))

    def _forget_rows(self) -> None:
        """Empty the tables and checkpoint, so that no contender pays for another's writes."""
        self.database.execute("TRUNCATE chat_sessions, activity_log CASCADE")
        self.database.execute("CHECKPOINT")

    def _await_activity(self, name: str) -> None:
        """Wait until nothing runs; raise LoadError unless there is an event for each session.

        The load ends without waiting for the last answers, and a row of theirs must not come
        when the tables have been emptied for the next round. An event does come later than its
        session: what was under way when they were emptied leaves one without, which is no one's
        fault and not counted.
        """
        deadline = time.monotonic() + DRAIN_SECONDS
        before: tuple[int, int] | None = None
        while True:
            row = self.database.execute(
                "SELECT (SELECT count(*) FROM chat_sessions), (SELECT count(*) FROM activity_log"
                " WHERE finish_reason = 'session_created' AND (metadata->>'session_id')::bigint"
                " >= (SELECT min(id) FROM chat_sessions))"
            ).fetchone()
            assert row is not None
            sessions, events = row
            if sessions == events and row == before:
                return
            if time.monotonic() > deadline:
                raise load.LoadError(f"{name}: {sessions} sessions and {events} events")
            before = row
            time.sleep(self._quiet_seconds)


@contextmanager
def database_at(latency_ms: float) -> Iterator[str]:
    """The URL of the database, whose round trips take `latency_ms` longer."""
    url = os.environ["DATABASE_URL"]
    if not latency_ms:
        yield url
        return
    with Proxy(upstream_of(url), latency_ms=latency_ms) as proxy:
        yield proxy.url(url)


def user_and_keys(names: list[str]) -> tuple[int, dict[str, str]]:
    """Create a user, and return the key for the requests."""
    from accounts.keys import create_key
    from accounts.models import Plan, User

    # The key has limits, which this benchmark does not reach.
    plan = Plan.objects.get(plan_type=Plan.Type.PRO)
    user = User.objects.create_user("benchmark@example.com", plan=plan)
    _, api_key = create_key(user, key_name="benchmark")
    keys = dict.fromkeys(SERVICES, api_key)
    if "drf" in names:
        from django.conf import settings

        made = subprocess.run(
            [sys.executable, "-m", "benchmarks.contenders.drf_as_usual.prepare", str(user.pk)],
            cwd=CHECKOUT,
            env={**os.environ, "SECRET_KEY": settings.SECRET_KEY},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        keys["drf"] = made.stdout.strip()
    return user.pk, keys


def lift_limits() -> None:
    """Make limits of all plans that no benchmark reaches.

    That of updates of messages follows from these.
    """
    from accounts.models import Plan

    Plan.objects.update(
        max_storage_bytes=None, daily_request_limit=10**8, monthly_request_limit=10**9
    )


@contextmanager
def _client(one: Running) -> Iterator[Any]:
    """Return a function that creates a session and returns the status and JSON of the answer."""
    connection = HTTPConnection("127.0.0.1", one.port, timeout=load.TIMEOUT_SECONDS)

    def ask() -> tuple[int, Any]:
        connection.request(
            "POST",
            PATH,
            json.dumps(BODY),
            load.headers_of(one.api_key),
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    try:
        yield ask
    finally:
        connection.close()


# --- Tables -----------------------------------------------------------------------------------


def formatted(what: str, table: list[Measured]) -> str:
    """The figures of contenders under one load, ours first, each with its ratio to ours."""
    ours = table[0]
    lines = [
        f"\n{what}, {ours.clients} client{'s' if ours.clients > 1 else ''}",
        f"{'':10}{'req/s':>9}{'':9}{'p50 ms':>9}{'':9}{'p99 ms':>9}{'':9}"
        f"{'CPU ms':>8}{'':9}{'SQL':>6}{'Redis':>7}{'MB':>6}",
    ]
    for one in table:
        cells = "".join(
            f"{one.median(name):>{width}.{digits}f}{_ratio(one, ours, name):>8.2f}×"
            for name, width, digits in (
                ("per_second", 9, 0),
                ("p50_ms", 9, 2),
                ("p99_ms", 9, 2),
                ("cpu_ms", 8, 3),
            )
        )
        statements = "–" if one.statements is None else f"{one.statements:.1f}"
        lines.append(
            f"{one.contender:10}{cells}{statements:>6}{one.round_trips:>7.1f}{one.memory_mb:>6.0f}"
        )
    return "\n".join(lines)


def _ratio(one: Measured, ours: Measured, name: str) -> float:
    """The median of the ratios to ours, each taken within a round."""
    return statistics.median(
        getattr(theirs, name) / getattr(our, name)
        for theirs, our in zip(one.rounds, ours.rounds, strict=True)
    )
