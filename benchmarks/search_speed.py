"""How long searches of a big and of a small user take, among other users' messages.

`python -m benchmarks search_speed [MESSAGES [OTHERS]]` loads chats of made-up prose, 20 messages
of 370 bytes in each, and prints for twelve kinds of query the median, p95 and longest time that
passes, and the processor time of PostgreSQL and of Python. With BENCHMARK_DATABASE it loads them
once. Needs Linux, and PostgreSQL on the same machine.
"""

import importlib
import itertools
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from benchmarks.measuring.processor import seconds_of
from benchmarks.search_size import made_up_word, prose

_MESSAGES_OF_SESSION, _SESSIONS_OF_OTHER = 20, 500
_SMALL_MESSAGES = 1_000
_CHUNK = 500
_ROUNDS = 5
# Their words are those that are asked for.
_SAMPLE = 20_000
# So many messages are indexed; the chats that follow repeat them, with the entries that they
# would have in the index.
_INDEXED = 50_000

_SESSIONS = """
INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
SELECT %s, title, 'm', true, now() - n * interval '5 minutes', now() - n * interval '5 minutes'
FROM unnest(%s::text[], %s::bigint[]) AS given (title, n) RETURNING id
"""
_MESSAGES = """
INSERT INTO chat_messages (session_id, role, content, model, tokens, created_at)
SELECT session_id, role, content, 'm', 0, now()
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS given (session_id, role, content)
RETURNING id
"""

_REPEATED = """
INSERT INTO chat_search_documents (session_id, part, user_id, number, version, first_message_id,
                                   characters, keys, body)
SELECT given.session_id, 0, user_id, given.number, version, given.first_message_id, characters,
    ARRAY(SELECT key # given.mask FROM unnest(keys) AS key), given.body
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::integer[], %s::bytea[])
    AS given (original, session_id, number, first_message_id, mask, body)
JOIN chat_search_documents AS document ON document.session_id = original AND part = 0
"""

# Another user has some chats of the big one, with other keys in the index.
_OTHER = """
WITH original AS (
    SELECT * FROM unnest(%(originals)s::bigint[]) WITH ORDINALITY AS given (original_id, n)
), session AS (
    INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
    SELECT %(other)s, title, model, true, created_at, updated_at
    FROM original JOIN chat_sessions ON id = original_id ORDER BY n RETURNING id
), copied AS (
    SELECT * FROM (SELECT id AS session_id, row_number() OVER (ORDER BY id) AS n FROM session)
    JOIN original USING (n)
), indexed AS (
    INSERT INTO chat_search_documents (session_id, part, user_id, number, version,
                                       first_message_id, characters, keys, body)
    SELECT copied.session_id, part, %(other)s, n, version, first_message_id, characters,
        ARRAY(SELECT key # %(mask)s FROM unnest(keys) AS key), body
    FROM copied JOIN chat_search_documents AS document ON document.session_id = original_id
)
INSERT INTO chat_messages (session_id, user_id, position, role, content, model, tokens, created_at)
SELECT copied.session_id, %(other)s, position, role, content, model, tokens, created_at
FROM copied JOIN chat_messages AS message ON message.session_id = original_id
ORDER BY copied.session_id, position
"""


class Search(NamedTuple):
    """The time of one search, in seconds, and the number of chats it found."""

    passed: float
    postgresql: float
    python: float
    found: str


def main(messages: str = "300000", others: str = "500000") -> None:
    """Print the times of each kind of query."""
    from accounts.principals.principal import Principal

    users = load(int(messages), int(others))
    become_web_process()
    asked = kinds(list(itertools.islice(prose(), _SAMPLE)))
    for user_id, count in users:
        principal = Principal(user_id, 1, True, True, False, "live", None)
        print(f"\n{f'{count:,} messages':24}{'passed, ms':^27}{'PostgreSQL':^18}{'Python':^18}")
        columns = ("median", "p95", "longest", *("median", "p95") * 2, "found")
        print(" " * 24 + "".join(f"{column:>9}" for column in columns), flush=True)
        for kind, queries in asked.items():
            spent = [one for query in queries for one in measured(principal, query, _ROUNDS)]
            passed, postgresql, python, found = zip(*spent, strict=True)
            figures = (*_figures(passed), max(passed), *_figures(postgresql), *_figures(python))
            row = "".join(f"{figure * 1e3:9.0f}" for figure in figures)
            print(f"{kind:24}{row}{found[-1]:>9}", flush=True)


def _figures(seconds: Sequence[float]) -> tuple[float, float]:
    """The median and p95."""
    return statistics.median(seconds), sorted(seconds)[len(seconds) * 95 // 100]


def measured(principal: Any, query: str, rounds: int) -> Iterator[Search]:
    """Search some times, as a web process does: with connections of a pool."""
    from django.db import connection

    from chat.search.query import search_chats

    ((process,),) = connection.fetch_autocommit("SELECT pg_backend_pid()", {})
    for _ in range(rounds):
        started = time.perf_counter(), seconds_of(process), time.process_time()
        page = search_chats(principal, query, limit=20)
        ended = time.perf_counter(), seconds_of(process), time.process_time()
        found = f"{page.count}{'' if page.is_count_exact else '+'}"
        yield Search(*(end - start for start, end in zip(started, ended, strict=True)), found)


def become_web_process() -> None:
    """Share a connection and collect garbage as a web process does.

    The pool has one connection, so that its processor time can be measured.
    """
    from django.db import connections

    connections["default"].close()
    connections.settings["default"]["OPTIONS"] |= {"pool_size": 1, "pool_timeout": 10}
    del connections["default"]
    importlib.import_module("gatewayz.wsgi")


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
        "in 1 % of messages": middle,
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


def load(messages: int, others: int) -> list[tuple[int, int]]:
    """Load and index the chats, if they are missing.

    Returns the big and the small user: the id of each, and how many messages it has.
    """
    from django.db import connection

    from accounts.models import User
    from chat.models import ChatMessage

    users = User.objects.filter(username__in=("big", "small")).order_by("username")
    if users.count() < 2:
        started = time.monotonic()
        big = User.objects.create_user("big@example.com", username="big")
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET maintenance_work_mem = '1GB'")
            # An index that is built at the end is built several times as fast.
            cursor.execute("SELECT pg_get_indexdef('idx_chat_search_documents_keys'::regclass)")
            (definition,) = cursor.fetchone()
            cursor.execute("DROP INDEX idx_chat_search_documents_keys")
            _write(cursor, big.pk, messages)
            print(f"{messages:,} messages after {time.monotonic() - started:.0f} s", flush=True)
            _copy(cursor, big.pk, others)
            print(f"{others:,} others after {time.monotonic() - started:.0f} s", flush=True)
            cursor.execute(definition)
            # It comes last, so that it exists only if all do.
            small = User.objects.create_user("small@example.com", username="small")
            _write(cursor, small.pk, _SMALL_MESSAGES)
            _know_words(big.pk)
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("RESET statement_timeout")
        print(f"loaded in {time.monotonic() - started:.0f} s", flush=True)
    # There is an index for messages that have a number of tokens, which is all of them.
    counted = ChatMessage.objects.filter(tokens__gte=0)
    return [(user.pk, counted.filter(user_id=user.pk).count()) for user in users]


def _know_words(user_id: int) -> None:
    """Fill the rows of words of a user up to those that are looked through for parts of words."""
    from chat.models import SearchWords
    from chat.search.index import MAX_WORDS_ROWS, WORDS_CHARACTERS

    chance = random.Random(2)  # noqa: S311 - it keeps no secret
    known = SearchWords.objects.filter(user_id=user_id).count()
    for part in range(known, MAX_WORDS_ROWS):
        words = {
            made_up_word(chance, chance.randint(4, 16)) for _ in range(WORDS_CHARACTERS // 11)
        }
        SearchWords.objects.create(
            user_id=user_id, part=part, words="\n" + "\n".join(sorted(words)) + "\n"
        )


def _write(cursor: Any, user_id: int, messages: int) -> None:
    """Write and index the messages of a user."""
    from chat.search.index import index_listed

    originals: list[tuple[int, list[int]]] = []
    content = itertools.cycle(itertools.islice(prose(), _INDEXED))
    for first in range(0, messages, _CHUNK * _MESSAGES_OF_SESSION):
        some = list(
            itertools.islice(content, min(messages - first, _CHUNK * _MESSAGES_OF_SESSION))
        )
        titles = [" ".join(text.split()[:2]) for text in some[::_MESSAGES_OF_SESSION]]
        ages = list(range(len(titles)))
        cursor.execute(_SESSIONS, [user_id, titles, [(messages - first) // 20 - n for n in ages]])
        ids = sorted(session_id for (session_id,) in cursor.fetchall())
        sessions = [ids[n // _MESSAGES_OF_SESSION] for n in range(len(some))]
        roles = [("user", "assistant")[n % 2] for n in range(len(some))]
        cursor.execute(_MESSAGES, [sessions, roles, some])
        message_ids = sorted(message_id for (message_id,) in cursor.fetchall())
        written = list(zip(ids, map(list, itertools.batched(message_ids, 20)), strict=True))
        # Its session lists each of them.
        cursor.execute("DELETE FROM chat_search_pending WHERE message_id IS NOT NULL")
        if not first:
            cursor.execute("ANALYZE")
        if first < _INDEXED:
            for _ in index_listed():
                pass
            originals += written
        else:
            cursor.execute("DELETE FROM chat_search_pending")
            at = first % _INDEXED // _MESSAGES_OF_SESSION
            _repeat(cursor, user_id, originals[at : at + len(written)], written)
        print(f"{first + len(some):,} messages", flush=True)


def _repeat(
    cursor: Any,
    user_id: int,
    originals: list[tuple[int, list[int]]],
    sessions: list[tuple[int, list[int]]],
) -> None:
    """Index sessions that have the texts of others. Each is an id, and those of its messages."""
    from chat.models import SearchDocument, SearchOwner
    from chat.search.documents import Document
    from chat.search.index import era_mask

    owner = SearchOwner.objects.get(pk=user_id)
    known = SearchDocument.objects.filter(session_id__in=[one for one, _ in originals], part=0)
    documents = {one.session_id: one for one in known.only("session_id", "number", "body")}
    rows = []
    for (original, _), (session_id, message_ids) in zip(originals, sessions, strict=True):
        document = documents[original]
        its = Document.unpacked(bytes(document.body))
        heads = [
            (message_id, *head[1:])
            for message_id, head in zip(message_ids, its.heads, strict=True)
        ]
        number = owner.next_number
        owner.next_number += 1
        mask = era_mask(document.number) ^ era_mask(number)
        body = Document(heads, its.text).packed()
        rows.append((original, session_id, number, message_ids[0], mask, body))
    cursor.execute(_REPEATED, [list(column) for column in zip(*rows, strict=True)])
    owner.save(update_fields=["next_number"])


def _copy(cursor: Any, user_id: int, messages: int) -> None:
    """Give other users some of the chats of a user, as they are in the index too."""
    from accounts.models import User
    from chat.models import ChatSession

    ids = ChatSession.objects.filter(user_id=user_id).order_by("id").values_list("id", flat=True)
    originals = list(itertools.batched(ids, _SESSIONS_OF_OTHER))
    cursor.execute("ANALYZE")
    # Without triggers: nothing is left to index, and no reference is checked.
    cursor.execute("SET session_replication_role = replica")
    for nth in range(messages // _MESSAGES_OF_SESSION // _SESSIONS_OF_OTHER):
        other = User.objects.create_user(f"other{nth}@example.com")
        copied = list(originals[nth % len(originals)])
        mask = 1_000_003 * (nth + 1)
        cursor.execute(_OTHER, {"other": other.pk, "originals": copied, "mask": mask})
        if nth % 100 == 0:
            print(f"{nth:,} others", flush=True)
    cursor.execute("RESET session_replication_role")
