"""The lower limit: nothing but the INSERT, by psycopg on pooled connections.

It generates its own load: `--clients` threads in `--processes` processes insert one row after
another. Prints the fields of `benchmarks.measuring.load.Load` as JSON.
"""

import argparse
import json
import multiprocessing
import os
import threading
import time
from typing import Any

from psycopg_pool import ConnectionPool

INSERT = """
INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
VALUES (%s, 'Benchmark', 'openai/gpt-4o', true, now(), now())
RETURNING id, user_id, title, model, is_active, is_pinned, is_archived, created_at, updated_at
"""
MAX_CONNECTIONS = 16  # of each process, as the services have


def main() -> None:
    """Insert for some seconds, and print the results as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--user-id", type=int, required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--warm-up-seconds", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    processes = min(given.processes, given.clients)
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    begin = spawn.Barrier(processes)
    children = [
        spawn.Process(
            target=_insert,
            args=(
                given.user_id,
                given.clients // processes + (number < given.clients % processes),
                given.warm_up_seconds,
                given.seconds,
                begin,
                results,
            ),
        )
        for number in range(processes)
    ]
    for child in children:
        child.start()
    parts = [results.get() for _ in children]
    for child in children:
        child.join()
    ms = sorted(elapsed for part in parts for elapsed in part["ms"])
    load = {
        "requests": len(ms),
        "seconds": given.seconds,
        "p50_ms": ms[len(ms) // 2],
        "p99_ms": ms[int(len(ms) * 0.99)],
        "cpu_ms": sum(part["cpu_seconds"] for part in parts) * 1000 / len(ms),
    }
    print(json.dumps(load))


def _insert(
    user_id: int,
    clients: int,
    warm_up_seconds: float,
    seconds: float,
    begin: Any,
    results: Any,
) -> None:
    pool = ConnectionPool(
        os.environ["DATABASE_URL"],
        min_size=min(clients, MAX_CONNECTIONS),
        max_size=min(clients, MAX_CONNECTIONS),
        kwargs={"autocommit": True, "prepare_threshold": 0},
        open=True,
    )
    pool.wait()

    def run(until: float, measured: list[float]) -> None:
        while (started := time.perf_counter()) < until:
            with pool.connection() as connection:
                connection.execute(INSERT, [user_id]).fetchone()
            measured.append((time.perf_counter() - started) * 1000)

    def all_clients(for_seconds: float) -> list[float]:
        until = time.perf_counter() + for_seconds
        each: list[list[float]] = [[] for _ in range(clients)]
        threads = [threading.Thread(target=run, args=(until, measured)) for measured in each]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [elapsed for measured in each for elapsed in measured]

    begin.wait()
    all_clients(warm_up_seconds)
    cpu_before = time.process_time()
    ms = all_clients(seconds)
    results.put({"ms": ms, "cpu_seconds": time.process_time() - cpu_before})
    pool.close()


if __name__ == "__main__":
    main()
