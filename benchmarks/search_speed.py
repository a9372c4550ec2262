"""How long searches of a user with many messages take, among other users' messages.

`python -m benchmarks search_speed [MESSAGES [OTHERS]]` loads chats of made-up prose, 20 messages
of 370 bytes in each, and prints the median, p95 and longest time of twelve kinds of query, and
what of it the database takes.
"""

import itertools
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.search_size import prose

_MESSAGES_OF_SESSION, _SESSIONS_OF_OTHER = 20, 500
_CHUNK = 500
_ROUNDS = 5

_SESSIONS = """
INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
SELECT %s, title, 'm', true, now() - n * interval '5 minutes', now() - n * interval '5 minutes'
FROM unnest(%s::text[], %s::bigint[]) AS given (title, n) RETURNING id
"""
_MESSAGES = """
INSERT INTO chat_messages (session_id, role, content, model, tokens, created_at)
SELECT session_id, role, content, 'm', 0, now()
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS given (session_id, role, content)
"""

# The index of another user is like that of the big one, with other keys.
_OTHER = """
WITH session AS (
    INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
    SELECT %(other)s, title, model, true, created_at, updated_at FROM chat_sessions
    WHERE user_id = %(user)s ORDER BY id LIMIT %(sessions)s RETURNING id
), numbered AS (
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM session
), copied AS (
    SELECT *, row_number() OVER (ORDER BY session_id, part) AS n
    FROM chat_search_documents WHERE user_id = %(user)s AND part = 0
    ORDER BY session_id OFFSET %(offset)s LIMIT %(sessions)s
)
INSERT INTO chat_search_documents (session_id, part, user_id, number, version, first_message_id,
                                   characters, keys, body)
SELECT numbered.id, 0, %(other)s, n, version, first_message_id, characters,
    ARRAY(SELECT key # %(mask)s FROM unnest(keys) AS key), body
FROM numbered JOIN copied USING (n)
"""


def main(messages: str = "300000", others: str = "500000") -> None:
    """Print the times of each kind of query."""
    from accounts.principals.principal import Principal

    user_id, content = load(int(messages), int(others))
    principal = Principal(user_id, 1, True, True, False, "live", None)
    print(f"\n{'ms':24}{'median':>9}{'p95':>8}{'longest':>9}{'in SQL':>8}{'found':>9}")
    for kind, queries in kinds(content).items():
        spent = [one for query in queries for one in measured(principal, query, _ROUNDS)]
        seconds = sorted(one[0] for one in spent)
        print(
            f"{kind:24}{statistics.median(seconds) * 1e3:9.0f}"
            f"{seconds[len(seconds) * 95 // 100] * 1e3:8.0f}{seconds[-1] * 1e3:9.0f}"
            f"{statistics.median(one[1] for one in spent) * 1e3:8.0f}{spent[-1][2]:>9}"
        )


def measured(principal: Any, query: str, rounds: int) -> list[tuple[float, float, str]]:
    """Search some times. Returns the seconds of each, those in the database, and the count."""
    from chat.search.query import search_chats

    spent = []
    for _ in range(rounds):
        with _database_time() as in_database:
            started = time.perf_counter()
            page = search_chats(principal, query, limit=20)
            seconds = time.perf_counter() - started
        count = f"{page.count}{'' if page.is_count_exact else '+'}"
        spent.append((seconds, sum(in_database), count))
    return spent


def kinds(content: list[str]) -> dict[str, list[str]]:
    """Twelve kinds of query, with some queries of each."""
    counts: dict[str, int] = {}
    for text in content:
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
    words = sorted((word for word in counts if len(word) > 4), key=lambda one: -counts[one])
    common, middle, rare = words[:5], words[200:205], words[-5:]
    phrases = [" ".join(text.split()[2:5]) for text in content[:: len(content) // 5][:5]]
    return {
        "a rare word": rare,
        "a word in 1 % of chats": middle,
        "a common word": common,
        "two words": [f"{one} {two}" for one, two in zip(common, middle, strict=True)],
        "three common words": [" ".join(three) for three in itertools.combinations(common, 3)][:5],
        "a beginning of two": [word[:2] for word in common],
        "the inside of a word": [word[1:4] for word in middle],
        "a phrase": [f'"{phrase}"' for phrase in phrases],
        "common or rare": [f"{one} or {two}" for one, two in zip(common, rare, strict=True)],
        "-word": [f"-{word}" for word in (*common[:3], *rare[:2])],
        "a word, -word, role:": [
            f"{one} -{two} role:user" for one, two in zip(common, middle, strict=True)
        ],
        "in:title": [f"{word} in:title" for word in (*common[:3], *middle[:2])],
    }


def load(messages: int, others: int) -> tuple[int, list[str]]:
    """Load and index the chats. Returns the id of the big user, and its texts."""
    from django.db import connection

    from accounts.models import User
    from chat.search.index import index_listed

    started = time.monotonic()
    content = prose(messages)
    user = User.objects.create_user("big@example.com")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for first in range(0, messages, _CHUNK * _MESSAGES_OF_SESSION):
            some = content[first : first + _CHUNK * _MESSAGES_OF_SESSION]
            titles = [" ".join(text.split()[:2]) for text in some[::_MESSAGES_OF_SESSION]]
            ages = list(range(len(titles)))
            cursor.execute(
                _SESSIONS, [user.pk, titles, [(messages - first) // 20 - n for n in ages]]
            )
            ids = [session_id for (session_id,) in cursor.fetchall()]
            sessions = [ids[n // _MESSAGES_OF_SESSION] for n in range(len(some))]
            roles = [("user", "assistant")[n % 2] for n in range(len(some))]
            cursor.execute(_MESSAGES, [sessions, roles, some])
        # Its session lists each of them.
        cursor.execute("DELETE FROM chat_search_pending WHERE message_id IS NOT NULL")
        # An index that is built at the end is built several times as fast.
        cursor.execute("SELECT pg_get_indexdef('idx_chat_search_documents_keys'::regclass)")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX idx_chat_search_documents_keys")
        cursor.execute("ANALYZE")
        for _ in index_listed():
            pass
        for nth in range(others // _MESSAGES_OF_SESSION // _SESSIONS_OF_OTHER):
            other = User.objects.create_user(f"other{nth}@example.com")
            cursor.execute("ALTER TABLE chat_sessions DISABLE TRIGGER USER")
            cursor.execute(
                _OTHER,
                {
                    "user": user.pk,
                    "other": other.pk,
                    "sessions": _SESSIONS_OF_OTHER,
                    "offset": nth % 20 * _SESSIONS_OF_OTHER,
                    "mask": 1_000_003 * (nth + 1),
                },
            )
            cursor.execute("ALTER TABLE chat_sessions ENABLE TRIGGER USER")
        cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    print(f"loaded in {time.monotonic() - started:.0f} s")
    return user.pk, content


@contextmanager
def _database_time() -> Iterator[list[float]]:
    """The seconds of each statement in the block, with fetching its rows."""
    from django.db import connection

    spent: list[float] = []

    def timed(execute: Any, *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent.append(time.perf_counter() - started)

    with connection.execute_wrapper(timed):
        yield spent
