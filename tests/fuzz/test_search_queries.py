"""Any text is a query: random strings of all planes of Unicode, read and searched for."""

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest

from accounts.keys import create_key
from accounts.models import Plan, User
from chat.models import ChatMessage, ChatSession
from chat.search import asked
from chat.search.index import index_pending
from chat.search.query import MAX_QUERY
from chat.search.slots import MAX_RUNNING
from chat.search.text import fold
from tests.waiting import WAIT_SECONDS
from tests.web import web_process

# How many are read, and how many of a service asked. 200,000 of each take an hour:
# `SEARCH_QUERIES=200000 pytest tests/fuzz/test_search_queries.py --timeout 0`.
READ = int(os.environ.get("SEARCH_QUERIES", "40000"))
ASKED = int(os.environ.get("SEARCH_QUERIES", "2000"))
PATH = "/v1/chat/search"
# Characters and words with a meaning in a query, here or in PostgreSQL.
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
    # Half of a surrogate pair is not a character, and no route takes it.
    return "".join(pieces).encode(errors="replace").decode()


def test_every_string_is_parsed_and_compared():
    chance = random.Random(21)  # noqa: S311 - it keeps no secret
    folded = fold(TEXT)
    for _ in range(READ):
        read = asked.read(random_query(chance))
        for unit in (*read.units, *read.excluded):
            assert unit.score(folded) >= 0.0
            assert list(unit.lookups())


@pytest.mark.django_db(transaction=True)
def test_every_string_gets_a_response_over_http():
    plan = Plan.objects.get(name="Enterprise")
    users = [
        User.objects.create_user(f"user{n}@example.com", plan=plan) for n in range(MAX_RUNNING)
    ]
    api_keys = [create_key(user, key_name="first")[1] for user in users]
    for user in users:
        _write(user)
    index_pending()
    for user in users:
        _write(user)  # not indexed
    with web_process() as port, ThreadPoolExecutor(MAX_RUNNING) as threads:

        def search(nth: int) -> list[str]:
            """Ask a share of the queries. Returns those that did not get a 200."""
            chance = random.Random(22 + nth)  # noqa: S311 - it keeps no secret
            queries = [
                random_query(chance)[:MAX_QUERY] or "x" for _ in range(ASKED // MAX_RUNNING)
            ]
            headers = {
                "Authorization": f"Bearer {api_keys[nth]}",
                "Content-Type": "application/json",
            }
            failed = []
            with closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)) as client:
                for query in queries:
                    client.request("POST", PATH, json.dumps({"query": query}), headers)
                    answer = client.getresponse()
                    body = answer.read()
                    if answer.status != 200:
                        failed.append(f"{answer.status} {query!a} {body!r}")
            return failed

        # As many clients as searches that run at a time, so that none is shed.
        failed = [one for its in threads.map(search, range(MAX_RUNNING)) for one in its]

    assert not failed, "\n".join(failed[:20])


def _write(user: User) -> None:
    session = ChatSession.objects.create(user=user, title="Fox & résumé", model="m")
    ChatMessage.objects.create(session=session, role="user", content=TEXT)
