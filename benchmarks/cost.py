"""Measures the cost of an installation: the figures of docs/size.md that a machine decides.

`python -m benchmarks cost` prints, as Markdown: the bytes on disk of a message, of sizes as in
`benchmarks.day`; the bytes that Redis holds for each key in use; and for each operation of
`benchmarks.day` the requests a second of a machine that also runs the callers and both servers,
the CPU that a web process spends on one, and how many requests one core of web processes answers;
last the memory of a web process.
"""

import argparse
import os
from dataclasses import replace
from typing import Any

import psycopg
import redis

from benchmarks import search_size
from benchmarks.contenders import DAY, OURS, THREADS
from benchmarks.create_session import WARM_UP_SECONDS, lift_limits, settings, user_and_keys
from benchmarks.day import MIX, Conversations, ask
from benchmarks.measuring import load
from benchmarks.measuring.servers import Running, running

CLIENTS = 8
KEYS = 90  # of at most 100 of a user

# Tables by what they are for.
_TABLES = {"row and its indexes": ("chat_messages",), "search": search_size.TABLES}


def main(*given: str) -> None:
    """Measure and print the tables. Raises SystemExit when a request is not answered."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks cost")
    parser.add_argument("--seconds", type=int, default=5, help="the length of each measurement")
    parser.add_argument("--processes", type=int, default=2, help="web processes")
    chosen = parser.parse_args(given)
    chosen.rounds, chosen.threads = 1, THREADS
    try:
        load.check_generator()
        lift_limits()
        user_id, keys = user_and_keys([])
        os.environ["BENCHMARK_USER_ID"] = str(user_id)
        conversations = Conversations(user_id)
        print(settings(chosen), flush=True)
        print(f"\n{_disk()}\n", flush=True)
        with running(
            [DAY[OURS.name]],
            {OURS.name: keys[OURS.name]},
            database_url=os.environ["DATABASE_URL"],
            processes=chosen.processes,
            threads=THREADS,
        ) as (one,):
            print(f"{_redis(one, user_id)}\n", flush=True)
            with one.worker():
                print(_requests(one, conversations, chosen), flush=True)
    except load.LoadError as error:
        raise SystemExit(str(error)) from error


def _requests(one: Running, conversations: Conversations, chosen: argparse.Namespace) -> str:
    lines = [
        "| operation | requests/s | CPU of a web process for one | so a core answers |",
        "|---|---|---|---|",
    ]
    # First, because what the others write is not indexed yet when they end.
    for operation in ["search", *(name for name in MIX if name != "search"), "mix"]:
        requests = conversations.requests[operation]
        load.send(one.port, one.api_key, CLIENTS, WARM_UP_SECONDS, requests)
        before = one.cpu_seconds()
        found = load.send(one.port, one.api_key, CLIENTS, chosen.seconds, requests)
        cpu_ms = (one.cpu_seconds() - before) * 1000 / found.requests
        lines.append(
            f"| {operation} | {found.per_second:,.0f} | {cpu_ms:.2f} ms | {1000 / cpu_ms:,.0f} |"
        )
    memory_mb = one.memory_mb() / chosen.processes
    return "\n".join([*lines, "", f"Memory of a web process afterwards: {memory_mb:.0f} MB"])


def _disk() -> str:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("VACUUM FULL")
        count, text_bytes = _row(
            connection, "SELECT count(*), sum(octet_length(content)) FROM chat_messages"
        )
        lines = [
            f"| of {count:,} messages of {text_bytes / count:,.0f} bytes | bytes each |",
            "|---|---|",
        ]
        for label, tables in _TABLES.items():
            (taken,) = _row(
                connection,
                "SELECT sum(pg_total_relation_size(name)) FROM unnest(%s::regclass[]) AS name",
                [list(tables)],
            )
            lines.append(f"| {label} | {taken / count:,.0f} |")
    return "\n".join(lines)


def _row(connection: psycopg.Connection, query: Any, parameters: Any = None) -> tuple[Any, ...]:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row


def _redis(one: Running, user_id: int) -> str:
    """Use new keys once each, and see how much more the entries of Redis take."""
    from accounts.keys import create_key
    from accounts.models import User

    user = User.objects.get(pk=user_id)
    keys = [create_key(user, key_name=f"benchmark {number}")[1] for number in range(KEYS)]
    listed = load.Request("GET", "/v1/chat/sessions?limit=1")
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        before = _entries_bytes(client)
        for key in keys:
            ask(replace(one, api_key=key), listed)
        more = _entries_bytes(client) - before
    return f"Redis holds {more / KEYS:,.0f} bytes for each key in use"


def _entries_bytes(client: redis.Redis) -> int:
    return sum(client.memory_usage(name) or 0 for name in client.scan_iter(count=1_000))
