"""Frequent reads are compiled once, and run with other values ever after."""

import pytest

from chat.models import ChatSession
from gatewayz.database.compiled import fetch

built = []


@pytest.fixture(autouse=True)
def _nothing_built():
    built.clear()


@pytest.fixture
def sessions(user):
    return [
        ChatSession.objects.create(user=user, title=title, model="m", tags=[title])
        for title in ("one", "two", "three")
    ]


def titled(user_id, title, after, *, limit):
    built.append(title)
    found = ChatSession.objects.filter(user_id=user_id).order_by("id")
    if title is not None:
        found = found.filter(title=title, tags__contains=[title])
    if after is not None:
        found = found.filter(created_at__gt=after)
    return found.values_list("title")[:limit]


def titles(user, title=None, after=None, limit=9):
    values = {"user_id": user.pk, "title": title, "after": after}
    return [title for (title,) in fetch(titled, values, limit=limit)]


def test_each_value_is_bound_to_its_placeholders(user, sessions):
    assert [titles(user, "two"), titles(user, "one"), titles(user, "four")] == [
        ["two"],
        ["one"],
        [],
    ]


def test_a_time_can_be_bound(user, sessions):
    assert titles(user, None, sessions[1].created_at) == ["three"]


def test_an_absent_value_makes_another_statement(user, sessions):
    assert titles(user, "two") == ["two"]
    assert titles(user) == ["one", "two", "three"]


def test_another_limit_makes_another_statement(user, sessions):
    assert [titles(user, limit=1), titles(user, limit=2)] == [["one"], ["one", "two"]]


def test_a_statement_is_built_once(user, sessions):
    for title in ("one", "two", "three"):
        titles(user, title, limit=7)

    assert len(built) == 1


def test_a_statement_can_be_wrapped_in_another(user, sessions):
    values = {"user_id": user.pk, "title": None, "after": None}

    assert fetch(titled, values, "SELECT count(*) FROM ({}) AS counted", limit=8) == [(3,)]
