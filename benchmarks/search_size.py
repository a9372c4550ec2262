"""Measures the size of the search index and the cost of writing it.

`python -m benchmarks search_size [MESSAGES]` loads chats of made-up prose (words as frequent as in
a language: Zipf), with and without the triggers, indexes them, and prints ratios.
"""

import random
import time
from collections.abc import Iterator
from itertools import accumulate, islice
from typing import Any

TABLES = (
    "chat_search_documents",
    "chat_search_owners",
    "chat_search_words",
    "chat_search_pending",
)
_VOCABULARY = 30_000
_MESSAGES_OF_SESSION, _USERS = 20, 50


def main(messages: str = "60000") -> None:
    """Print what the text takes, what the index takes, and what an insert and indexing take."""
    from django.db import connection

    from chat.search.index import index_listed

    texts = list(islice(prose(), int(messages)))
    with connection.cursor() as cursor:
        for action in ("DISABLE", "ENABLE"):
            for table in ("chat_messages", "chat_sessions"):
                cursor.execute(f"ALTER TABLE {table} {action} TRIGGER USER")
            seconds = min(_load(cursor, texts) for _ in range(2))
            if action == "DISABLE":
                without = seconds
                cursor.execute("TRUNCATE chat_messages, chat_sessions, users CASCADE")
        print(f"{len(texts):,} messages inserted: {seconds / without:.2f}× the time with the list")
        started = time.monotonic()
        for _ in index_listed():
            pass
        took = time.monotonic() - started
        count = 2 * len(texts)  # loaded twice
        print(f"indexed: {count / took:,.0f} messages a second")
        cursor.execute("VACUUM FULL chat_search_pending")
        text_bytes = 2 * sum(len(text.encode()) for text in texts)
        print(f"text: {text_bytes / count:.0f} bytes a message")
        every = 0
        for table in TABLES:
            cursor.execute(
                "SELECT pg_total_relation_size(%s), pg_indexes_size(%s)", [table, table]
            )
            whole, indexes = cursor.fetchone()
            every += whole
            print(
                f"{table}: {whole / text_bytes:.2f} times the text,"
                f" of which indexes {indexes / text_bytes:.2f}"
            )
        print(f"all of search: {every / text_bytes:.2f} times the text")


def made_up_word(chance: random.Random, length: int) -> str:
    """A word of `length` letters."""
    return "".join(chance.choices("etaoinshrdlucmfwypvbgk", k=length))


def prose() -> Iterator[str]:
    """Made-up prose without end: words as frequent as in a language, in texts of several lengths.

    The texts are the same each time.
    """
    chance = random.Random(1)  # noqa: S311 - it keeps no secret
    words = [made_up_word(chance, chance.randint(2, 11)) for _ in range(_VOCABULARY)]
    weights = list(accumulate(1 / rank for rank in range(1, _VOCABULARY + 1)))
    while True:
        length = chance.choice((8, 15, 30, 150))
        yield " ".join(chance.choices(words, cum_weights=weights, k=length))


def _load(cursor: Any, texts: list[str]) -> float:
    """Insert users and sessions, then time the insert of messages, a session's at a time."""
    cursor.execute(
        "INSERT INTO users (email, username, password, is_active, is_staff, is_superuser,"
        " created_at, updated_at)"
        " SELECT gen_random_uuid() || '@example.com', gen_random_uuid(), '',"
        " true, false, false, now(), now() FROM generate_series(1, %s) RETURNING id",
        [_USERS],
    )
    users = [user_id for (user_id,) in cursor.fetchall()]
    cursor.execute(
        "INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)"
        " SELECT (%s::bigint[])[1 + n %% %s], 'A chat', 'm', true, now(), now()"
        " FROM generate_series(1, %s) AS n RETURNING id",
        [users, _USERS, len(texts) // _MESSAGES_OF_SESSION + 1],
    )
    sessions = [session_id for (session_id,) in cursor.fetchall()]
    started = time.monotonic()
    for at in range(0, len(texts), _MESSAGES_OF_SESSION):
        cursor.execute(
            "INSERT INTO chat_messages (session_id, role, content, model, tokens, created_at)"
            " SELECT %s, 'user', text, 'm', 0, now() FROM unnest(%s::text[]) AS text",
            [sessions[at // _MESSAGES_OF_SESSION], texts[at : at + _MESSAGES_OF_SESSION]],
        )
    return time.monotonic() - started
