"""Counts statements and Redis round trips of requests, as the servers themselves report them."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import psycopg
import redis

IDLE_SECONDS = 1.0
T = TypeVar("T")


class StatementLog:
    """Counts statements by having the embedded PostgreSQL log every one of them.

    A server that was given by DATABASE_URL keeps its log to itself: `count` is then None.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        home = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query).get("host", [""])[0]
        log = Path(home) / "log"
        self._log = log if home and log.exists() else None

    def count(self, act: Callable[[], T]) -> tuple[int | None, T]:
        """Return how many statements services send while `act` runs, including BEGIN and COMMIT.

        Returns it with what `act` returns.
        """
        if self._log is None:
            return None, act()
        begins = self._log.stat().st_size
        self._set("log_line_prefix = '%a|'", "log_statement = 'all'")
        try:
            result = act()
        finally:
            self._reset("log_line_prefix", "log_statement")
        with self._log.open("rb") as log:
            log.seek(begins)
            lines = log.read().decode(errors="replace").splitlines()
        own = f"{self._application}|"
        statements = sum(
            ("|LOG:  statement: " in line or "|LOG:  execute " in line)
            and not line.startswith(own)
            for line in lines
        )
        return statements, result

    @property
    def _application(self) -> str:
        return self._connection.info.parameter_status("application_name") or ""

    def _set(self, *settings: str) -> None:
        for setting in settings:
            self._connection.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[arg-type]
        self._reload()

    def _reset(self, *settings: str) -> None:
        for setting in settings:
            self._connection.execute(f"ALTER SYSTEM RESET {setting}")  # type: ignore[arg-type]
        self._reload()

    def _reload(self) -> None:
        self._connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.3)  # every backend learns of it by a signal, which nobody acknowledges


def redis_round_trips(client: redis.Redis, act: Callable[[], None]) -> float:
    """Return how often Redis reads from its sockets while `act` runs: once for each round trip.

    What it reads anyway, such as heartbeats, is taken off.
    """

    def reads() -> int:
        return int(client.info("stats")["total_reads_processed"])

    def reads_during(act: Callable[[], None]) -> tuple[int, float]:
        before, begun = reads(), time.perf_counter()
        act()
        # One of them is the second call of `reads`.
        return reads() - before - 1, time.perf_counter() - begun

    idle, idle_seconds = reads_during(lambda: time.sleep(IDLE_SECONDS))
    busy, busy_seconds = reads_during(act)
    return max(0.0, busy - idle / idle_seconds * busy_seconds)
