"""Compares the operations of a day on one PostgreSQL and on a Citus cluster.

`CITUS_DATABASE_URL=… python -m benchmarks cluster [SECONDS [ROUNDS]]` wants an empty database with
the extension and its workers (docs/citus.md), and distributes its tables. DATABASE_URL should name
a server of the same version. Each side has a web process, a worker and the same chats, and they
take turns, so that only the ratio of their requests per second says something.
"""

import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from benchmarks.contenders import DAY, OURS, THREADS
from benchmarks.create_session import WARM_UP_SECONDS, lift_limits, user_and_keys
from benchmarks.day import Conversations
from benchmarks.measuring import load
from benchmarks.measuring.load import Request
from benchmarks.measuring.servers import CHECKOUT, running

# Reads come before what makes them longer.
OPERATIONS = ("search", "list", "stats", "detail", "update", "append", "create")
CLIENTS = 8
COUNTED_REQUESTS = 16

_SHARD = re.compile(r"\w_(\d{6,})\b")


def main(seconds: str = "3", rounds: str = "5") -> None:
    """Print the table. `side` instead of SECONDS is for the processes that this one starts."""
    if seconds == "side":
        _be_measured()
        return
    load.check_generator()
    with _side(os.environ["DATABASE_URL"]) as one, _side(os.environ["CITUS_DATABASE_URL"]) as many:
        single, cluster = json.loads(_answer(one)), json.loads(_answer(many))
        print(f"{single['version']}, then {cluster['version']}; load {os.getloadavg()[1]:.0f}\n")
        print(
            "| operation | requests/s | statements | on the cluster | tasks | shards | servers |"
            "\n|---|---|---|---|---|---|---|"
        )
        for operation in OPERATIONS:
            ratios = []
            for number in range(int(rounds)):
                # Neither always comes first.
                turns = [one, many][:: -1 if number % 2 else 1]
                rates = {side: _rate(side, operation, seconds) for side in turns}
                ratios.append(rates[many] / rates[one])
            figures = [single[operation][0], *cluster[operation]]
            print(
                f"| {operation} | {statistics.median(ratios):.2f} × | "
                f"{' | '.join(f'{figure:.1f}' for figure in figures)} |",
                flush=True,
            )


@contextmanager
def _side(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run `_be_measured` on the database of `url`."""
    name = urlsplit(url).path.removeprefix("/")
    environ = {**os.environ, "DATABASE_URL": url, "BENCHMARK_DATABASE": name}
    command = [sys.executable, "-m", "benchmarks", "cluster", "side"]
    with subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as side:
        try:
            yield side
        finally:
            # It ends by itself when it has nothing more to read.
            side.communicate()


def _rate(side: subprocess.Popen[str], operation: str, seconds: str) -> float:
    assert side.stdin is not None
    print(operation, seconds, file=side.stdin, flush=True)
    return float(_answer(side))


def _answer(side: subprocess.Popen[str]) -> str:
    assert side.stdout is not None
    if line := side.stdout.readline():
        return line
    raise SystemExit("One of the sides has ended")


def _be_measured() -> None:
    """Print what each operation takes; then, for each line of stdin, its requests per second."""
    from django.core.management import call_command
    from django.db import connection

    from gatewayz.database.distribution import has_citus

    if has_citus():
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        call_command("distribute", stdout=sys.stderr)
    lift_limits()
    user_id, keys = user_and_keys([])
    requests = Conversations(user_id).requests | {"stats": [Request("GET", "/v1/chat/stats")]}
    with (
        running(
            [DAY[OURS.name]],
            keys,
            database_url=os.environ["DATABASE_URL"],
            processes=1,
            threads=THREADS,
        ) as (one,),
        one.worker(),
    ):
        version = "Citus" if has_citus() else "PostgreSQL"
        print(json.dumps({"version": version} | _counted(requests, one.api_key)), flush=True)
        for line in sys.stdin:
            operation, seconds = line.split()
            how = (one.port, one.api_key, CLIENTS)
            load.send(*how, WARM_UP_SECONDS, requests[operation])
            print(load.send(*how, float(seconds), requests[operation]).per_second, flush=True)


def _counted(requests: dict[str, list[Request]], api_key: str) -> dict[str, list[float]]:
    """For each operation: statements, and the tasks, shards and servers these lead to on Citus.

    Tables of one user have their rows in shards that belong together, which count as one.
    """
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers=load.headers_of(api_key))
    notices: list[tuple[Any, Any]] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('citus.log_remote_commands', 'on', false)")
        connection.connection.add_notice_handler(
            # It is empty once the statement is over.
            lambda notice: notices.append((notice.message_primary, notice.message_detail))
        )
        cursor.execute("SELECT to_regclass('pg_dist_shard') IS NOT NULL")
        beginnings = {}
        if cursor.fetchone()[0]:
            cursor.execute("SELECT shardid::text, shardminvalue FROM pg_dist_shard")
            beginnings = dict(cursor.fetchall())
    counts: dict[str, list[float]] = {}
    for operation in OPERATIONS:
        each = []
        for request in requests[operation][:COUNTED_REQUESTS]:
            notices.clear()
            with CaptureQueriesContext(connection) as asked:
                answer = client.generic(
                    request.method, request.path, request.body, "application/json"
                )
            assert answer.status_code in {200, 201}, answer.content
            b"".join(answer)
            sent = [
                (beginnings[shard[1]], server.partition(" connectionId")[0])
                for command, server in notices
                if (shard := _SHARD.search(command)) and shard[1] in beginnings
            ]
            shards, servers = ({one[place] for one in sent} for place in (0, 1))
            each.append((len(asked), len(sent), len(shards), len(servers)))
        counts[operation] = [statistics.mean(figures) for figures in zip(*each, strict=True)]
    return counts
