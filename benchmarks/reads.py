"""Measures reads of a small and a big user, before and after the tables grow a hundredfold.

Both users have the same chats both times; all that grows is other people's. BENCH_SESSIONS
says to how many sessions, with five messages each.
"""

import os
import statistics
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

FIRST_SESSIONS = 10_000
SESSIONS = int(os.environ.get("BENCH_SESSIONS", "1000000"))
CHUNK = 20_000
ROUNDS = 60
SMALL, BIG = 50, 5_000

_SESSIONS = """
INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
SELECT %(user)s + n %% %(users)s, 'Chat about w' || (random() * 20000)::int, 'm', true,
       now() - n * interval '1 second', now() - n * interval '1 second'
FROM generate_series(1, %(count)s) AS n
RETURNING id
"""

_MESSAGES = """
INSERT INTO chat_messages (session_id, role, content, model, tokens, created_at)
SELECT session, 'user', 'hello ' || words.words, '', 0, now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS session
CROSS JOIN generate_series(1, 5) AS nth
CROSS JOIN LATERAL (
    SELECT string_agg('w' || (20000 * random() ^ 3)::int, ' ') AS words
    FROM generate_series(1, 12 + 0 * session)
) AS words
"""

_USERS = """
INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser, created_at,
                   updated_at)
SELECT n, 'bench' || n || '@example.com', 'bench' || n, '', true, false, false, now(), now()
FROM generate_series(1000000, 1000000 + %s) AS n
"""


def main() -> None:
    """Print the medians at both sizes, and their ratio."""
    from django.db import connection
    from django.test import Client

    from accounts.keys import create_key
    from accounts.models import User

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute(_USERS, [20_000])
        clients = {}
        for label, count in (("small", SMALL), ("big", BIG)):
            user = User.objects.create_user(f"bench-{label}@example.com")
            _load(cursor, user.pk, 1, count)
            _, key = create_key(user, key_name="bench")
            clients[label] = Client(headers={"Authorization": f"Bearer {key}"})
        _load(cursor, 1_000_000, 1_000, FIRST_SESSIONS - SMALL - BIG)
        _index()
        cursor.execute("VACUUM ANALYZE")
        before = _measure(clients)

        started = time.monotonic()
        done = FIRST_SESSIONS
        while done < SESSIONS:
            _load(cursor, 1_000_000, 20_000, min(CHUNK, SESSIONS - done))
            done += CHUNK
        _index()
        cursor.execute("VACUUM ANALYZE")
        print(f"{SESSIONS:,} sessions loaded in {time.monotonic() - started:.0f} s")
        cursor.execute(
            "SELECT pg_size_pretty(pg_relation_size('chat_messages')),"
            " pg_size_pretty(pg_total_relation_size('chat_search_documents'))"
        )
        print("chat_messages {}, chat_search_documents with indexes {}".format(*cursor.fetchone()))
        after = _measure(clients)

    print(f"\n{'':28}{f'ms at {FIRST_SESSIONS:,}':>16}{f'ms at {SESSIONS:,}':>18}{'ratio':>8}")
    for label, first in before.items():
        second = after[label]
        print(f"{label:28}{first * 1e3:16.2f}{second * 1e3:18.2f}{second / first:7.2f}×")


def _index() -> None:
    from chat.search.index import index_listed

    for _ in index_listed():
        pass


def _load(cursor: Any, user: int, users: int, count: int) -> None:
    """Distribute `count` sessions equally among `users` users, from id `user` on."""
    cursor.execute(_SESSIONS, {"user": user, "users": users, "count": count})
    ids = [row[0] for row in cursor.fetchall()]
    cursor.execute(_MESSAGES, {"first": min(ids), "last": max(ids)})


def _measure(clients: dict[str, Any]) -> dict[str, float]:
    """Return the median seconds of each request of each client."""
    medians = {}
    for user, client in clients.items():
        listed = client.get("/v1/chat/sessions?limit=50").json()
        session = listed["data"][0]["id"]

        def get(path: str, client: Any = client) -> Callable[[], Any]:
            return lambda: client.get(path)

        def search(query: str, client: Any = client) -> Callable[[], Any]:
            body = {"query": query}
            return lambda: client.post("/v1/chat/search", body, content_type="application/json")

        requests = {
            "list": get("/v1/chat/sessions?limit=50"),
            "list at offset 40": get("/v1/chat/sessions?limit=10&offset=40"),
            "detail": get(f"/v1/chat/sessions/{session}"),
            "search a rare word": search("w19000 hello"),
            "search what all write": search("hello"),
            "search a beginning": search("hel"),
            "stats": get("/v1/chat/stats"),
        }
        for name, request in requests.items():
            seconds = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                response = request()
                seconds.append(time.perf_counter() - started)
                if response.status_code != HTTPStatus.OK:
                    raise SystemExit(f"{name}: {response.content.decode()}")
            medians[f"{user}: {name}"] = statistics.median(seconds)
    return medians
