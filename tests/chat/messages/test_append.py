"""POST /v1/chat/sessions/{id}/messages."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ActivityEvent
from accounts.worker import drain
from chat.models import ChatMessage, ChatSession
from tests.conftest import ApiClient
from tests.problems import assert_problem

HELLO = {"role": "user", "content": "Hello"}


def path(session):
    return f"/v1/chat/sessions/{session.pk}/messages"


def messages_of(api, session):
    return api.get(f"/v1/chat/sessions/{session.pk}").json()["data"]["messages"]


def test_answers_201_with_the_message(api, session):
    sent = {
        "role": "assistant",
        "content": "Hello!",
        "model": "openai/gpt-4o",
        "tokens": 12,
        "reasoning": " because ",
        "metadata": {"a": [1, None, 2.5]},
        "created_at": "2026-01-02T03:04:05.678901+02:00",
    }

    response = api.post_json(path(session), sent)

    assert response.status_code == 201
    message = ChatMessage.objects.get()
    assert response.json()["data"] == sent | {
        "id": message.pk,
        "session_id": session.pk,
        "created_at": "2026-01-02T01:04:05.678901Z",
        "client_id": None,
        "parent_id": None,
        "position": message.position,
        "status": "completed",
        "revision": 0,
        "edited": False,
        "updated_at": None,
    }
    assert messages_of(api, session) == [response.json()["data"]]


def test_needs_only_a_role_and_content(api, session):
    message = api.post_json(path(session), HELLO).json()["data"]

    assert (message["model"], message["tokens"]) == ("", 0)
    assert (message["reasoning"], message["metadata"]) == (None, None)
    created_at = datetime.fromisoformat(message["created_at"])
    assert session.created_at <= created_at <= timezone.now()


@pytest.mark.parametrize("field", ["model", "tokens", "reasoning", "metadata", "created_at"])
def test_treats_null_as_absent(api, session, field):
    assert api.post_json(path(session), HELLO | {field: None}).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        "",
        "  spaces and a line end \n",
        "👩‍👩‍👧 שלום עולם مرحبا \u202eabc\u202c",
        "if a < b && c:\n\tprint('%s' % \"x\\u0000\")",
        "x" * 200_000,
        "é" * 100_000,
        "-".join("ab" for _ in range(70_000)),
        "😀 " * 50_000,
        [{"type": "text", "text": " Look: "}, {"type": "image_url", "image_url": {"url": "x"}}],
        [{"type": "text", "text": "x" * 200_000}],
        [],
    ],
    ids=lambda content: repr(content)[:20],
)
def test_keeps_content_exactly_as_given(api, session, content):
    response = api.post_json(path(session), {"role": "user", "content": content})

    assert response.status_code == 201, response.content[:300]
    assert response.json()["data"]["content"] == content
    assert messages_of(api, session)[0]["content"] == content


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(-1e9, 1e9, allow_nan=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(parts=st.lists(st.dictionaries(texts, json_values, max_size=4), max_size=4))
def test_keeps_any_parts_and_metadata(api, session, parts):
    given_message = {"role": "user", "content": parts, "metadata": {"parts": parts}}

    message = api.post_json(path(session), given_message).json()["data"]

    page = api.get(f"/v1/chat/sessions/{session.pk}", {"message_limit": 1}).json()["data"]
    (kept,) = page["messages"]
    assert kept == message
    assert (kept["content"], kept["metadata"]) == (parts, {"parts": parts})


@pytest.mark.parametrize(
    "bad",
    [
        {"role": "robot"},
        {"role": None},
        {"content": 5},
        {"content": {"type": "text"}},
        {"content": ["text"]},
        {"content": "a\x00b"},
        {"content": [{"type": "text", "text": "a\x00b"}]},
        {"content": [{"a\x00b": 1}]},
        {"metadata": {"a": [{"b": "\x00"}]}},
        {"metadata": {"a\x00": 1}},
        {"reasoning": "\x00"},
        {"model": "\x00"},
        {"model": "x" * 256},
        {"tokens": -1},
        {"tokens": 2**31},
        {"created_at": "yesterday"},
        {"created_at": "0001-01-01T00:00:00+10:00"},
        {"created_at": "0001-01-02T00:00:00Z"},
        {"created_at": "1969-12-31T23:59:59Z"},
    ],
    ids=repr,
)
def test_rejects_a_bad_field_and_names_it(api, session, bad):
    body = assert_problem(api.post_json(path(session), HELLO | bad), 400, "validation_error")

    assert list(body["errors"]) == list(bad)
    assert not ChatMessage.objects.exists()


@pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(days=300_000)])
def test_a_time_in_the_future_becomes_now(api, session, ahead):
    time = (datetime.now(UTC) + ahead).isoformat()

    message = api.post_json(path(session), HELLO | {"created_at": time}).json()["data"]

    assert datetime.fromisoformat(message["created_at"]) <= datetime.now(UTC)


def test_rejects_json_that_is_nested_too_deep(api, session):
    deep = []
    for _ in range(80):
        deep = [deep]

    response = api.post_json(path(session), HELLO | {"metadata": deep})

    assert "levels" in assert_problem(response, 400, "validation_error")["detail"]


def test_messages_with_the_same_content_are_both_kept(api, session):
    for _ in range(2):
        assert api.post_json(path(session), {"role": "user", "content": "ok"}).status_code == 201

    assert len(messages_of(api, session)) == 2


def test_updates_the_time_and_model_of_the_session(api, session):
    api.post_json("/v1/chat/sessions", {})

    api.post_json(path(session), HELLO | {"model": "acme/big"})
    api.post_json(path(session), HELLO | {"model": ""})

    listed = api.get("/v1/chat/sessions").json()["data"]
    assert listed[0]["id"] == session.pk
    assert listed[0]["model"] == "acme/big"


def test_other_peoples_sessions_are_not_found(stranger_api, session):
    foreign = stranger_api.post_json(path(session), HELLO)
    missing = stranger_api.post_json("/v1/chat/sessions/999999999/messages", HELLO)

    assert_problem(foreign, 404, "not_found")
    assert foreign.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert not ChatMessage.objects.exists()


def test_a_deleted_session_takes_no_messages(api, session):
    api.delete(f"/v1/chat/sessions/{session.pk}")

    assert_problem(api.post_json(path(session), HELLO), 404, "not_found")
    assert not ChatMessage.objects.exists()


def test_an_append_takes_one_statement(api, session, django_assert_num_queries):
    api.get("/v1/chat/stats")

    # The function that updates the session and inserts the message: neither happens alone, and
    # no transaction around them costs a BEGIN and a COMMIT.
    with django_assert_num_queries(1):
        api.post_json(path(session), HELLO)


@pytest.mark.django_db(transaction=True)
def test_messages_appended_concurrently_are_all_kept_in_id_order(api_key, session):
    def append(n):
        response = ApiClient(api_key).post_json(path(session), {"role": "user", "content": str(n)})
        connections.close_all()
        return response.status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(append, range(40)))

    assert statuses == [201] * 40
    in_order = list(ChatMessage.objects.in_order())
    assert len({message.content for message in in_order}) == 40
    assert [message.pk for message in in_order] == sorted(message.pk for message in in_order)
    assert ChatSession.objects.get().updated_at == in_order[-1].created_at


@pytest.mark.django_db(transaction=True)
def test_its_activity_counts_the_tokens(api, key, session):
    api.post_json(path(session), HELLO | {"tokens": 7})

    drain.drain()

    event = ActivityEvent.objects.get()
    assert (event.api_key_id, event.tokens, event.finish_reason) == (key.pk, 7, "message_saved")
    assert (event.model, event.provider) == ("openai/gpt-4o", "openai")
    assert event.metadata == {"action": "save_message", "session_id": session.pk, "messages": 1}


def test_messages_keep_the_order_of_arrival_whatever_their_times(api, session):
    first = api.post_json(path(session), HELLO).json()["data"]
    long_ago = datetime(2020, 1, 1, tzinfo=UTC).isoformat()

    second = api.post_json(path(session), HELLO | {"created_at": long_ago}).json()["data"]

    assert [message["id"] for message in messages_of(api, session)] == [first["id"], second["id"]]
    assert second["created_at"].startswith("2020-01-01")
    assert second["position"] > first["position"]
