"""GET /v1/chat/sessions/{id}."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.messages.read import PAGE_BYTES
from chat.models import ChatMessage, ChatSession
from tests.problems import assert_problem


@pytest.fixture
def messages(session):
    """Five messages in reading order; the middle three have the same time."""
    now = timezone.now()
    return [
        ChatMessage.objects.create(
            session=session, role="user", content=f"M{n}", created_at=now + timedelta(seconds=s)
        )
        for n, s in enumerate([0, 1, 1, 1, 2])
    ]


def contents(response):
    return [message["content"] for message in response.json()["data"]["messages"]]


def path(session):
    return f"/v1/chat/sessions/{session.pk}"


def test_responds_with_the_session_and_its_messages_oldest_first(api, user, session, messages):
    response = api.get(path(session))

    assert response.status_code == 200
    data = response.json()["data"]
    assert (data["id"], data["user_id"], data["title"]) == (session.pk, user.pk, "Hello")
    assert contents(response) == ["M0", "M1", "M2", "M3", "M4"]
    assert data["messages"][0].keys() == {
        "id",
        "session_id",
        "role",
        "content",
        "model",
        "tokens",
        "reasoning",
        "metadata",
        "created_at",
        "client_id",
        "parent_id",
        "position",
        "status",
        "revision",
        "edited",
        "updated_at",
    }


def test_returns_content_unchanged(api, session):
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "url": "x"}]
    ChatMessage.objects.create(
        session=session, role="user", content="What is this?", content_parts=parts
    )

    assert contents(api.get(path(session))) == [parts]


def test_responds_with_the_newest_messages_when_there_are_more_than_the_limit(
    api, session, messages
):
    response = api.get(path(session), {"message_limit": 2})

    assert contents(response) == ["M3", "M4"]
    assert response.json()["data"]["has_more_messages"] is True


def test_pages_both_ways_through_messages_of_the_same_time(api, session, messages):
    before = api.get(path(session), {"message_limit": 2, "before": messages[3].pk})
    after = api.get(path(session), {"message_limit": 2, "after": messages[1].pk})
    between = api.get(path(session), {"after": messages[0].pk, "before": messages[3].pk})

    assert contents(before) == ["M1", "M2"]
    assert contents(after) == ["M2", "M3"]
    assert contents(between) == ["M1", "M2"]


@pytest.mark.parametrize("direction", ["before", "after"])
def test_a_page_has_a_limit_in_bytes_and_the_next_one_continues(api, session, messages, direction):
    ChatMessage.objects.filter(pk=messages[2].pk).update(content="x" * PAGE_BYTES)

    pages, query = [], {"after": messages[0].pk} if direction == "after" else {}
    while True:
        data = api.get(path(session), query).json()["data"]
        pages.append([message["id"] for message in data["messages"]])
        if not data["has_more_messages"]:
            break
        query = {direction: pages[-1][-1 if direction == "after" else 0]}

    ids = [message.pk for message in messages]
    expected = [ids[2:], ids[:2]] if direction == "before" else [ids[1:3], ids[3:]]
    assert pages == expected


@pytest.mark.parametrize("column", ["extra", "content_parts"])
def test_the_bytes_of_a_page_are_those_of_json_that_is_stored_compressed(
    api, user, session, column
):
    picture = [{"type": "image_url", "image_url": {"url": "data:" + "x" * (PAGE_BYTES // 2)}}]
    given = {"extra": {"content": picture}, "content_parts": picture}[column]
    ChatMessage.objects.bulk_create(
        ChatMessage(session=session, user=user, role="user", position=n, **{column: given})
        for n in range(5)
    )

    response = api.get(path(session))

    assert len(response.json()["data"]["messages"]) == 2
    assert response.json()["data"]["has_more_messages"] is True
    assert len(response.content) < PAGE_BYTES * 1.1


def test_a_message_of_another_session_is_not_a_valid_position(api, user, session, messages):
    other = ChatSession.objects.create(user=user, title="Other", model="m")
    elsewhere = ChatMessage.objects.create(session=other, role="user", content="X")

    assert contents(api.get(path(session), {"before": elsewhere.pk})) == []


@pytest.mark.parametrize(
    "query", [{"message_limit": "0"}, {"message_limit": "1001"}, {"before": "x"}]
)
def test_rejects_a_bad_page(api, session, query):
    assert_problem(api.get(path(session), query), 400, "validation_error")


def test_other_peoples_sessions_are_not_found(stranger_api, session):
    foreign = stranger_api.get(path(session))
    missing = stranger_api.get("/v1/chat/sessions/999999999")

    assert_problem(foreign, 404, "not_found")
    assert foreign.json() | {"request_id": ""} == missing.json() | {"request_id": ""}


def test_a_deleted_session_is_not_found(api, session):
    ChatSession.objects.update(is_active=False)

    assert_problem(api.get(path(session)), 404, "not_found")


@pytest.mark.parametrize("number", [0, 2**63, 10**40, "abc"])
def test_an_id_out_of_range_is_not_found(api, number):
    assert_problem(api.get(f"/v1/chat/sessions/{number}"), 404, "not_found")


def test_takes_two_statements_however_many_messages(
    api, session, messages, django_assert_num_queries
):
    api.get(path(session))

    # The session; its messages.
    with django_assert_num_queries(2):
        api.get(path(session))
