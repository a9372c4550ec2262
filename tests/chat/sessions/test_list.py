"""GET /v1/chat/sessions."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import ChatSession
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


@pytest.fixture
def sessions(user):
    """Seven sessions of the user, newest first; the last two were touched at the same time."""
    now = timezone.now()
    made = [
        ChatSession.objects.create(
            user=user, title=f"S{n}", model="m", updated_at=now + timedelta(minutes=min(n, 5))
        )
        for n in range(7)
    ]
    return made[::-1]


def ids(response):
    return [session["id"] for session in response.json()["data"]]


def test_lists_the_users_active_sessions_last_updated_first(api, stranger_api, sessions):
    stranger_api.post_json(PATH, {})
    ChatSession.objects.filter(pk=sessions[0].pk).update(is_active=False)

    response = api.get(PATH)

    assert response.status_code == 200
    assert ids(response) == [session.pk for session in sessions[1:]]
    assert response.json()["success"] is True


def test_pages_by_limit_and_offset_and_counts_all_matches(api, sessions):
    response = api.get(PATH, {"limit": 2, "offset": 3})

    assert ids(response) == [session.pk for session in sessions[3:5]]
    assert response.json()["count"] == 7


def test_pages_by_cursor_without_gaps_or_repeats(api, user, sessions):
    seen, cursor = [], None
    while True:
        response = api.get(PATH, {"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += ids(response)
        # A session created meanwhile does not shift the pages.
        ChatSession.objects.create(user=user, title="new", model="m")
        ChatSession.objects.filter(title="new").update(
            updated_at=timezone.now() + timedelta(hours=1)
        )
        cursor = response.json()["next_cursor"]
        if cursor is None:
            break

    assert seen == [session.pk for session in sessions]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"offset": "-1"},
        {"cursor": "nonsense"},
        {"cursor": "____________________"},
        {"cursor": "é"},
    ],
    ids=str,
)
def test_rejects_a_bad_page(api, query):
    body = assert_problem(api.get(PATH, query), 400, "validation_error")

    assert list(body["errors"]) == list(query)


def test_takes_one_statement_however_many_sessions(api, sessions, django_assert_num_queries):
    api.get(PATH)

    with django_assert_num_queries(1):
        assert api.get(PATH, {"limit": 3}).json()["count"] == len(sessions)


def test_counts_all_matches_on_a_page_beyond_the_last(api, sessions):
    body = api.get(PATH, {"offset": 100}).json()

    assert (body["data"], body["count"]) == ([], len(sessions))


def test_a_new_user_has_an_empty_list(api):
    body = api.get(PATH).json()

    assert (body["data"], body["count"], body["next_cursor"]) == ([], 0, None)
