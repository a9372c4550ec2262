"""Compares services at what people do all day: each of six operations by itself, and mixed.

`python -m benchmarks day` prints a table for each operation and number of clients. Contenders take
turns, as in `create_session`, and must first answer with the same fields.

MIX is a conversation of ten questions: it is begun once, and each question and each answer is a
message; an answer is saved four times while it is written; the conversation is opened again at
each question, from the list; and somebody searches once. Sizes are random, the same for all: half
of the messages have less than 650 bytes, a tenth more than 8 kB, and the largest 20 kB. Words have
the frequencies of natural language; the searched one is any of them, and so mostly a rare one.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import accumulate
from typing import Any

import psycopg
import redis

from benchmarks.contenders import DAY, OURS, THREADS
from benchmarks.create_session import (
    COUNTED_REQUESTS,
    QUIET_SECONDS,
    WARM_UP_SECONDS,
    Measured,
    database_at,
    formatted,
    lift_limits,
    settings,
    user_and_keys,
)
from benchmarks.measuring import load
from benchmarks.measuring.counters import StatementLog, redis_round_trips
from benchmarks.measuring.load import CREATE, Load, Request
from benchmarks.measuring.servers import Running, running

MIX = {"create": 1, "append": 20, "update": 40, "detail": 10, "list": 10, "search": 1}

SESSIONS = 300
READ_SESSIONS = WRITTEN_SESSIONS = 64
MESSAGES = 40
LISTED = 50
# Ours turns away searches of one user beyond these (chat/search/slots.py).
MOST_SEARCHERS = 8

_WORDS = [f"word{number}" for number in range(30_000)]
# The frequency of a word falls with its rank, as in natural language (the law of Zipf).
_FREQUENCIES = list(accumulate(1 / rank for rank in range(1, len(_WORDS) + 1)))

# The tables that rounds add rows to; each comes before the one it refers to.
_GROWING = ("chat_messages", "chat_sessions")

_PEER_SEARCH = """
CREATE TABLE peer_search AS
SELECT
    session.user_id, session_id, message.id AS message_id, to_tsvector('simple', content) AS search
FROM chat_messages AS message JOIN chat_sessions AS session ON session.id = session_id;
CREATE INDEX ON peer_search USING gin (search);
"""


def main(*given: str) -> None:
    """Measure what was chosen, and print the tables. Raises SystemExit when a contender errs."""
    chosen = arguments(given)
    try:
        load.check_generator()
        with _Day(chosen) as day:
            print(settings(chosen), flush=True)
            for latency_ms in chosen.latencies:
                day.measure(latency_ms)
    except load.LoadError as error:
        raise SystemExit(str(error)) from error


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks day")
    operations = [*MIX, "mix"]
    parser.add_argument("--operations", nargs="+", choices=operations, default=operations)
    parser.add_argument("--contenders", nargs="+", choices=[*DAY], default=[*DAY])
    parser.add_argument("--latencies", nargs="+", type=float, default=[0], metavar="MS")
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="the length of each round")
    parser.add_argument("--processes", type=int, default=2, help="web processes of each contender")
    chosen = parser.parse_args(given)
    chosen.threads = THREADS
    # Everything is shown as a ratio to ours, which comes first.
    chosen.contenders = list(dict.fromkeys([OURS.name, *chosen.contenders]))
    return chosen


class Conversations:
    """Sessions of a user with indexed messages, and `requests` about them by operation."""

    def __init__(self, user_id: int) -> None:
        from accounts.principals.principal import Principal
        from chat.messages.write import append_messages
        from chat.search.index import index_listed
        from chat.sessions.write import create_sessions

        random_ = random.Random(23)  # noqa: S311 - no secret
        owner = Principal(user_id, None, True, True, False, "live", None)
        titles = [{"title": f"About {_text(random_, 20)}"} for _ in range(SESSIONS)]
        ids = [session.pk for session in create_sessions(owner, titles)]
        read, written = ids[:READ_SESSIONS], ids[-WRITTEN_SESSIONS:]
        for session_id in read:
            append_messages(
                owner, session_id, [_message(random_, number) for number in range(MESSAGES)]
            )
        for _ in index_listed():
            pass
        growing = []
        for session_id in written:
            # An answer that is being written.
            given: Any = {"role": "assistant", "content": "", "status": "in_progress"}
            (saved,) = append_messages(owner, session_id, [given])
            growing.append((session_id, saved.message.pk))
        self.requests = {
            "create": [CREATE],
            "append": [
                Request("POST", f"{CREATE.path}/{session_id}/messages", json.dumps(message))
                for number in range(4)
                for session_id in written
                for message in [_message(random_, number)]
            ],
            "update": [
                Request(
                    "PATCH",
                    f"{CREATE.path}/{session_id}/messages/{message_id}",
                    json.dumps({"content": _text(random_, _size(random_) * part // 4)}),
                )
                for part in (1, 2, 3, 4)
                for session_id, message_id in growing
            ],
            "detail": [
                Request("GET", f"{CREATE.path}/{session_id}?message_limit={MESSAGES}")
                for session_id in read
            ],
            "list": [Request("GET", f"{CREATE.path}?limit={LISTED}")],
            "search": [
                Request("POST", "/v1/chat/search", json.dumps({"query": random_.choice(_WORDS)}))
                for _ in range(64)
            ],
        }
        mixed = [
            random_.choice(self.requests[name])
            for name, count in MIX.items()
            for _ in range(count)
        ]
        random_.shuffle(mixed)
        self.requests["mix"] = mixed


def _message(random_: random.Random, number: int) -> Any:
    return {
        "role": "assistant" if number % 2 else "user",
        "content": _text(random_, _size(random_)),
        "model": "openai/gpt-4o" if number % 2 else None,
        "tokens": random_.randrange(5_000),
    }


def _size(random_: random.Random) -> int:
    """Of 200 bytes to 20 kB, as MIX says."""
    return int(200 * 100 ** (random_.random() ** 2))


def _text(random_: random.Random, size: int) -> str:
    return " ".join(random_.choices(_WORDS, cum_weights=_FREQUENCIES, k=size // 8 + 1))[:size]


class _Day:
    """The contenders' data, and their rounds."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._stack = ExitStack()
        self._costs: dict[tuple[str, str], tuple[float | None, float]] = {}

    def __enter__(self) -> "_Day":
        url = os.environ["DATABASE_URL"]
        self._database = self._stack.enter_context(
            psycopg.connect(url, autocommit=True, application_name="benchmark")
        )
        self._redis = self._stack.enter_context(redis.Redis.from_url(os.environ["REDIS_URL"]))
        lift_limits()
        user_id, keys = user_and_keys(self._chosen.contenders)
        self._keys = {name: keys.get(name, keys[OURS.name]) for name in DAY}
        os.environ["BENCHMARK_USER_ID"] = str(user_id)
        self._conversations = Conversations(user_id)
        self._database.execute(_PEER_SEARCH)
        self._database.execute("VACUUM ANALYZE")
        self._newest = {table: self._newest_id(table) for table in _GROWING}
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def measure(self, latency_ms: float) -> None:
        """Measure every operation at one latency, and print its tables."""
        chosen = self._chosen
        services = [DAY[name] for name in chosen.contenders]
        with (
            database_at(latency_ms) as url,
            running(
                services,
                self._keys,
                database_url=url,
                processes=chosen.processes,
                threads=chosen.threads,
            ) as started,
            ExitStack() as workers,
        ):
            for operation in chosen.operations:
                self._check_answers(operation, started)
                for one in started:
                    self._count(operation, one)
            for one in started:
                workers.enter_context(one.worker())
            self._await_rest()
            where = f"{latency_ms:g} ms to the database" if latency_ms else "local"
            for operation in chosen.operations:
                for clients in chosen.clients:
                    if operation in {"search", "mix"} and clients > MOST_SEARCHERS:
                        print(f"\n{operation}, {where}, {clients} clients: not measured")
                        continue
                    table = self._rounds(operation, latency_ms, clients, started)
                    print(formatted(f"{operation}, {where}", table), flush=True)

    def _check_answers(self, operation: str, started: list[Running]) -> None:
        """Raise LoadError unless all answer with what the last contender says, and success."""
        (asked, *_) = self._conversations.requests[operation]
        said = {one.contender.name: ask(one, asked)["data"] for one in started}
        fields = {name: _fields(data) for name, data in said.items()}
        expected = fields[started[-1].contender.name]
        for name, found in fields.items():
            if not expected <= found:
                raise load.LoadError(f"{operation}: {name} lacks {expected - found}")

    def _count(self, operation: str, one: Running) -> None:
        """Count statements and Redis round trips of one request, while no worker runs."""
        requests = self._conversations.requests[operation]
        # Prepared statements, caches and pools of every process are warm afterwards.
        load.send(one.port, one.api_key, 16, WARM_UP_SECONDS, requests)

        def ask_each() -> None:
            for number in range(COUNTED_REQUESTS):
                ask(one, requests[number % len(requests)])

        statements, round_trips = StatementLog(self._database).count(
            lambda: redis_round_trips(self._redis, ask_each)
        )
        self._costs[operation, one.contender.name] = (
            None if statements is None else statements / COUNTED_REQUESTS,
            round_trips / COUNTED_REQUESTS,
        )
        self._forget_rows()

    def _rounds(
        self, operation: str, latency_ms: float, clients: int, started: list[Running]
    ) -> list[Measured]:
        table = [
            Measured(
                one.contender.name,
                latency_ms,
                clients,
                *self._costs[operation, one.contender.name],
                one.memory_mb(),
            )
            for one in started
        ]
        requests = self._conversations.requests[operation]
        turns = list(zip(table, started, strict=True))
        for one in started:
            load.send(one.port, one.api_key, clients, WARM_UP_SECONDS, requests)
        for number in range(self._chosen.rounds):
            # No contender always comes first, or always after the same one.
            for measured, one in turns if number % 2 else reversed(turns):
                self._await_rest()
                self._forget_rows()
                before = one.cpu_seconds()
                found = load.send(one.port, one.api_key, clients, self._chosen.seconds, requests)
                cpu_ms = (one.cpu_seconds() - before) * 1000 / found.requests
                measured.rounds.append(Load(**{**asdict(found), "cpu_ms": cpu_ms}))
        return table

    def _await_rest(self) -> None:
        """Wait until the workers have written the activity of what was measured before."""
        before = -1
        while (now := self._newest_id("activity_log")) != before:
            before = now
            time.sleep(QUIET_SECONDS)

    def _forget_rows(self) -> None:
        """Delete what a round has added, so that no contender pays for another's writes."""
        for table, newest in self._newest.items():
            self._database.execute(
                f"DELETE FROM {table} WHERE id > %s",  # type: ignore[arg-type]  # noqa: S608
                [newest],
            )
            self._database.execute(f"VACUUM {table}")  # type: ignore[arg-type]
        # Our worker would index it during the next rounds, whoever's they are.
        self._database.execute("TRUNCATE chat_search_pending")
        self._database.execute("CHECKPOINT")

    def _newest_id(self, table: str) -> int:
        row = self._database.execute(
            f"SELECT coalesce(max(id), 0) FROM {table}"  # type: ignore[arg-type]  # noqa: S608
        ).fetchone()
        assert row is not None
        newest: int = row[0]
        return newest


def ask(one: Running, request: Request) -> Any:
    """The JSON of an answer. Raises LoadError unless it is one of success."""
    connection = HTTPConnection("127.0.0.1", one.port, timeout=load.TIMEOUT_SECONDS)
    try:
        connection.request(
            request.method, request.path, request.body or None, load.headers_of(one.api_key)
        )
        response = connection.getresponse()
        body = json.loads(response.read())
    finally:
        connection.close()
    if response.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        raise load.LoadError(f"{one.contender.name}: {request.path}: {response.status} {body}")
    return body


def _fields(data: Any, at: str = "") -> set[str]:
    """The names of all fields in an answer, nested ones too."""
    if isinstance(data, list):
        return _fields(data[0], f"{at}[]") if data else {f"{at}[]"}
    if isinstance(data, dict):
        return {f for name, value in data.items() for f in _fields(value, f"{at}.{name}")}
    return {at}
