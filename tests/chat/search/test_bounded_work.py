"""The work of a search has bounds, whatever is asked and stored; counted in rows, not in time."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from accounts.principals.principal import Principal
from chat.models import ChatMessage, ChatSession
from chat.search import asked, candidates, index, query
from chat.search.index import index_pending
from chat.search.query import search_chats
from tests.plans import steps

pytestmark = [pytest.mark.django_db, pytest.mark.long]

ERA = 16
BOUNDS = {
    "MAX_FOUND": 60,
    "MAX_CANDIDATES": 20,
    "MAX_CHARACTERS": 20_000,
    "MAX_COMPARED": 40_000,
    "MAX_LOOKUPS": 200,
    "MAX_LISTED": 30,
    "MAX_PENDING_MESSAGES": 20,
    "MAX_PENDING_BYTES": 10_000,
}
# The bounds of rows, and one more each to know that there are more.
MAX_ROWS = BOUNDS["MAX_FOUND"] + ERA + 2

WORDS = ["alpha", "beta", "gamma", "delta", "alphabet", "a", "ab", "x1", "中文", "文字", "🎉"]
TOKENS = [
    *WORDS,
    *(word[:3] for word in WORDS),
    *("or", "-zeta", "-alpha", '"alpha beta"', '"beta"', "role:user", "role:tool", "model:m"),
    *("model:z", "in:title", "before:2020", "after:2020", "a-b-c", "alpha/beta", "*", '"'),
]


@pytest.fixture
def owner(user, monkeypatch):
    """A user with more of everything than a search looks at: indexed, listed, long and short."""
    for name, bound in BOUNDS.items():
        monkeypatch.setattr(candidates, name, bound)
    for module in (index, candidates):
        monkeypatch.setattr(module, "ERA", ERA)
    text = " ".join(WORDS) + " "
    for batch in range(2):
        sessions = ChatSession.objects.bulk_create(
            ChatSession(user=user, title=f"alpha {number}", model="m") for number in range(150)
        )
        ChatMessage.objects.bulk_create(
            ChatMessage(session=session, role="user", content=text * (1 + session.pk % 40))
            for session in sessions
        )
        if not batch:
            index_pending()
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE chat_sessions, chat_messages, chat_search_pending, chat_search_documents"
        )
    return Principal(user.pk, 1, True, True, False, "live", None)


def rows_read(statements):
    """The most rows that one node of the plans of some statements reads or gives."""
    most = 0
    with connection.cursor() as cursor:
        # Small tables are read whole, whichever index they have.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in statements:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.replace("%", "%%"))
            ((plan,),) = cursor.fetchone()
            for node in steps(plan["Plan"]):
                rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                most = max(most, rows * node["Actual Loops"])
    return most


@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=60))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_reads_or_compares_more_than_its_bounds(owner, tokens):
    given_query = " ".join(tokens)[: query.MAX_QUERY]
    read = asked.read(given_query)
    searched = candidates.Candidates(read, owner.user_id)
    documents = list(searched)
    characters = sum(len(document.text) for _, document in documents)
    with CaptureQueriesContext(connection) as statements:
        search_chats(owner, given_query, limit=10)
    rows = rows_read([one["sql"] for one in statements])
    target(float(rows), label="rows")
    target(float(characters), label="characters")

    assert len(statements) <= 7
    assert rows <= MAX_ROWS
    assert len(documents) <= BOUNDS["MAX_CANDIDATES"] + BOUNDS["MAX_LISTED"] + 1
    longest = max((len(document.text) for _, document in documents), default=0)
    assert characters <= searched.max_characters + longest + BOUNDS["MAX_PENDING_BYTES"]


def test_parts_of_words_are_looked_up_as_a_bounded_number_of_words(user):
    beginnings = [letter * 3 for letter in "abcdefghijkl"]
    words = " ".join(f"{one}{number}" for one in beginnings for number in range(60))
    session = ChatSession.objects.create(user=user, title="Words", model="m")
    ChatMessage.objects.create(session=session, role="user", content=words)
    index_pending()
    principal = Principal(user.pk, 1, True, True, False, "live", None)

    def looked_up(count):
        with CaptureQueriesContext(connection) as statements:
            page = search_chats(principal, " ".join(beginnings[:count]), limit=10)
        assert page.count == 1
        assert page.is_count_exact is False
        keys = [
            found
            for one in statements
            for found in re.findall(r"'\{([-\d,]+)\}'::int4\[\]::integer\[\]", one["sql"])
        ]
        return sorted(len(one.split(",")) for one in keys)

    # Each part itself is looked up as well.
    assert looked_up(1) == [candidates.MAX_WORDS + 1]
    assert looked_up(2) == [candidates.MAX_WORDS + 1] * 2
    assert looked_up(12) == [candidates.MAX_WORDS_OF_QUERY // 12 + 1] * 12


def test_a_search_beyond_the_bounds_reports_an_inexact_count(owner):
    assert search_chats(owner, "alpha", limit=10).is_count_exact is False
    assert search_chats(owner, "model:z", limit=10).is_count_exact is False
    assert search_chats(owner, "model:m", limit=10).is_count_exact is False
