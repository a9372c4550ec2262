"""Any text is a query: random strings of all planes of Unicode, read and searched for."""

import os
import random

import pytest

from chat.models import ChatMessage, ChatSession
from chat.search import asked
from chat.search.index import index_pending
from chat.search.query import MAX_QUERY
from chat.search.text import fold

# 200,000 take minutes: `SEARCH_QUERIES=200000 pytest tests/fuzz/test_search_queries.py`.
READ, ASKED = int(os.environ.get("SEARCH_QUERIES", "40000")), 2_000
# What means something in a query, or did in one of PostgreSQL.
SYNTAX = [
    " or ",
    " -",
    '"',
    "role:",
    "in:title ",
    "before:",
    "(",
    "&",
    ":*",
    "<->",
    "\\",
    "%",
    "*",
]
TEXT = "The quick brown fox; résumé, 天气很好, สวัสดี, 🎉 and C++ in .env at https://a.example/b?c=d"


def random_query(chance: random.Random) -> str:
    """Characters of one plane or of all, some syntax, and words of TEXT."""
    top = chance.choice([0x7F, 0x2FF, 0xFFFF, 0x2FFFF, 0x10FFFF])
    pieces = [
        chr(chance.randint(0, top))
        if kind < 8
        else chance.choice(SYNTAX)
        if kind < 9
        else chance.choice(TEXT.split())
        for kind in (chance.randrange(10) for _ in range(chance.randint(1, 30)))
    ]
    # Half of a surrogate pair is no character, and no route takes it.
    return "".join(pieces).encode(errors="replace").decode()


def test_every_string_is_parsed_and_compared():
    chance = random.Random(21)  # noqa: S311 - it keeps no secret
    folded = fold(TEXT)
    for _ in range(READ):
        read = asked.read(random_query(chance))
        for unit in (*read.units, *read.excluded):
            assert unit.score(folded) >= 0.0
            assert list(unit.lookups())


@pytest.mark.django_db
def test_every_string_gets_a_response(api, user):
    chance = random.Random(22)  # noqa: S311 - it keeps no secret
    session = ChatSession.objects.create(user=user, title="-", model="m")
    ChatMessage.objects.create(session=session, role="user", content=TEXT)
    index_pending()
    for _ in range(ASKED):
        query = random_query(chance)[:MAX_QUERY] or "x"

        answer = api.post_json("/v1/chat/search", {"query": query})

        assert answer.status_code == 200, ascii(query)
