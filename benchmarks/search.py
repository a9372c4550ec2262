"""Compares how search finds the texts of `benchmarks.measuring.relevance` with other ways.

Recall is the share of what is expected that is found; precision the share of what is found that is
expected; F1 their harmonic mean.
"""

import sqlite3
from collections.abc import Callable

from benchmarks.measuring.relevance import queries, texts

Search = Callable[[str], set[int]]


def main() -> None:
    """Print recall, precision and F1 of each way, and what Gatewayz misses or finds too much."""
    ways = {
        "Gatewayz": gatewayz(),
        "websearch_to_tsquery": postgresql(
            "to_tsvector('simple', text) @@ websearch_to_tsquery('simple', %s)"
        ),
        "ILIKE": postgresql("text ILIKE '%%' || %s || '%%'"),
        "SQLite FTS5 trigram": fts5(),
    }
    print(f"{len(queries())} queries over {len(texts())} chats\n")
    print(f"{'':22}{'recall':>8}{'precision':>11}{'F1':>8}")
    for name, search in ways.items():
        recall, precision, f1 = figures(search)
        print(f"{name:22}{recall:8.3f}{precision:11.3f}{f1:8.3f}")
    print()
    for query, expected in queries():
        found = ways["Gatewayz"](query)
        if found != expected:
            print(f"{query!r}: misses {expected - found}, finds too much {found - expected}")


def figures(search: Search) -> tuple[float, float, float]:
    """Recall, precision and F1 of a way to search, over all queries together."""
    right = found = expected = 0
    for query, places in queries():
        its = search(query)
        right += len(its & places)
        found += len(its)
        expected += len(places)
    recall, precision = right / expected, right / max(1, found)
    return recall, precision, 2 * recall * precision / max(1e-9, recall + precision)


def gatewayz() -> Search:
    """This service's search, with every text in the index."""
    from accounts.models import User
    from accounts.principals.principal import Principal
    from chat.models import ChatMessage, ChatSession
    from chat.search.index import index_listed
    from chat.search.query import search_chats

    user = User.objects.create_user("relevance@example.com")
    places = {}
    for place, text in enumerate(texts()):
        session = ChatSession.objects.create(user=user, title="-", model="-")
        ChatMessage.objects.create(session=session, role="user", content=text)
        places[session.pk] = place
    for _ in index_listed():
        pass
    principal = Principal(user.pk, 1, True, True, False, "live", None)
    return lambda query: {
        places[match.session.pk] for match in search_chats(principal, query, limit=100).matches
    }


def postgresql(condition: str) -> Search:
    """A search by a condition of SQL on `text`, with the query for its parameter."""
    from django.db import connection

    given = "unnest(%s::text[]) WITH ORDINALITY AS given (text, place)"
    statement = f"SELECT place FROM {given} WHERE {condition}"  # noqa: S608 - of `main`

    def search(query: str) -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute(statement, [texts(), query])
            return {place - 1 for (place,) in cursor.fetchall()}

    return search


def fts5() -> Search:
    """SQLite's trigram index, asked for each word of the query as a string."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE chats USING fts5(text, tokenize='trigram')")
    database.executemany(
        "INSERT INTO chats (rowid, text) VALUES (?, ?)", list(enumerate(texts(), 1))
    )

    def search(query: str) -> set[int]:
        words = " ".join('"' + word.replace('"', '""') + '"' for word in query.split())
        rows = database.execute("SELECT rowid FROM chats WHERE chats MATCH ?", [words])
        return {place - 1 for (place,) in rows}

    return search
