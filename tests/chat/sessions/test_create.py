"""POST /v1/chat/sessions."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection

from accounts.access.key_lookup import get_user
from accounts.keys import create_key
from accounts.models import ActivityEvent, User
from accounts.principals.principal import Principal
from accounts.worker import drain
from chat.models import ChatSession
from chat.sessions.write import create_session
from tests.problems import assert_problem
from tests.waiting import WAIT_SECONDS

PATH = "/v1/chat/sessions"


def test_responds_201_with_the_session_in_the_envelope(api, user):
    response = api.post_json(PATH, {"title": "Hello", "model": "openai/gpt-4o"})

    assert response.status_code == 201
    body = response.json()
    assert body["success"] is True
    assert isinstance(body["message"], str)
    session = ChatSession.objects.get()
    assert body["data"] == {
        "id": session.pk,
        "user_id": user.pk,
        "title": "Hello",
        "model": "openai/gpt-4o",
        "is_active": True,
        "is_pinned": False,
        "is_archived": False,
        "created_at": session.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": session.updated_at.isoformat().replace("+00:00", "Z"),
        "external_id": None,
        "end_user_id": None,
        "metadata": None,
        "tags": [],
        "folder": None,
        "deleted_at": None,
        "expires_at": None,
    }
    assert session.user_id == user.pk


@pytest.mark.parametrize("body", [{}, {"title": None, "model": None}, {"title": "", "model": ""}])
def test_a_session_without_title_and_model_gets_its_time_and_the_default_model(
    api, settings, body
):
    settings.DEFAULT_CHAT_MODEL = "acme/small"

    session = api.post_json(PATH, body).json()["data"]

    assert re.fullmatch(r"Chat \d{4}-\d\d-\d\d \d\d:\d\d", session["title"])
    named_at = datetime.strptime(session["title"], "Chat %Y-%m-%d %H:%M").replace(tzinfo=UTC)
    created_at = datetime.fromisoformat(session["created_at"])
    assert named_at == created_at.replace(second=0, microsecond=0)
    assert session["model"] == "acme/small"


def test_a_warm_creation_takes_one_statement(api, django_assert_num_queries):
    api.post_json(PATH, {})

    # INSERT INTO chat_sessions … RETURNING id; authentication and activity need none.
    with django_assert_num_queries(1):
        response = api.post_json(PATH, {"title": "Hello"})

    assert response.status_code == 201


def test_a_cold_creation_takes_two_statements(api, django_assert_num_queries):
    # The key with its user; the INSERT.
    with django_assert_num_queries(2):
        api.post_json(PATH, {})


def test_needs_no_body(api):
    assert api.generic("POST", PATH).status_code == 201


def test_ignores_unknown_query_parameters(api):
    assert api.post_json(f"{PATH}?privy_user_id=did:privy:1", {}).status_code == 201


@pytest.mark.parametrize("field", ["title", "model"])
@pytest.mark.parametrize("value", ["x" * 256, ["a"], {"a": 1}, True, "nul \x00 inside"], ids=repr)
def test_rejects_a_bad_field_and_names_it(api, field, value):
    body = assert_problem(api.post_json(PATH, {field: value}), 400, "validation_error")

    assert list(body["errors"]) == [field]
    assert field in body["detail"]
    assert not ChatSession.objects.exists()


def test_keeps_a_title_of_255_characters_of_any_language(api):
    title = "שלום 👋 " + "é" * 248

    assert len(title) == 255
    assert api.post_json(PATH, {"title": title}).json()["data"]["title"] == title


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"title": NaN}', b"[" * 60_000, b'{"title": "\\ud800"}']
)
def test_rejects_a_body_that_is_not_json(api, body):
    response = api.post(PATH, body, content_type="application/json")

    assert_problem(response, 400, "malformed_json")


def test_rejects_a_body_that_is_not_an_object(api):
    assert_problem(api.post_json(PATH, [1]), 400, "validation_error")


def test_rejects_another_media_type(api):
    response = api.post(PATH, "title=Hello", content_type="application/x-www-form-urlencoded")

    assert_problem(response, 415, "unsupported_media_type")


def test_rejects_a_body_that_is_too_large(api, settings):
    settings.MAX_BODY_BYTES = 100

    assert_problem(api.post_json(PATH, {"title": "x" * 100}), 413, "payload_too_large")


def test_rejects_another_method(api):
    assert_problem(api.put(PATH), 405, "method_not_allowed")


def test_logs_the_documented_line(api, caplog):
    with caplog.at_level(logging.INFO, logger="chat.sessions.write"):
        session = api.post_json(PATH, {}).json()["data"]

    assert re.fullmatch(
        rf"Created chat session {session['id']} for user {session['user_id']} "
        r"\(user_lookup: \d+\.\dms, session_create: \d+\.\dms\): "
        r"Session creation completed in \d+\.\dms",
        caplog.messages[-1],
    )


def test_the_server_timing_header_has_the_logged_times(api, caplog):
    with caplog.at_level(logging.INFO, logger="chat.sessions.write"):
        response = api.post_json(PATH, {})

    header = dict(re.findall(r"(\w+);dur=([\d.]+)", response["Server-Timing"]))
    logged = dict(re.findall(r"(\w+): ([\d.]+)ms", caplog.messages[-1]))
    assert logged.keys() == {"user_lookup", "session_create"}
    for name, milliseconds in logged.items():
        # Both are rounded, one to a tenth.
        assert float(header[name]) == pytest.approx(float(milliseconds), abs=0.06)
    assert "total" in header


@pytest.mark.django_db(transaction=True)
def test_its_activity_is_written_by_the_worker(api, user, key):
    session = api.post_json(PATH, {"title": "Hello", "model": "openai/gpt-4o"}).json()["data"]
    assert not ActivityEvent.objects.exists()

    drain.drain()

    event = ActivityEvent.objects.get()
    assert (event.user_id, event.api_key_id) == (user.pk, key.pk)
    assert (event.app, event.finish_reason) == ("Chat", "session_created")
    assert (event.model, event.provider) == ("openai/gpt-4o", "openai")
    assert (event.tokens, event.cost, event.speed) == (0, 0, 0)
    assert event.metadata == {
        "action": "create_session",
        "session_id": session["id"],
        "session_title": "Hello",
    }


@pytest.mark.django_db(transaction=True)
def test_sessions_created_at_the_same_moment_are_separate():
    owners = [owner("a@example.com"), owner("b@example.com")] * 8
    erased = owner("c@example.com")
    User.objects.filter(pk=erased.user_id).delete()
    together = Barrier(len(owners) + 1)

    def create(owner: Principal, title: str) -> ChatSession:
        together.wait(WAIT_SECONDS)
        try:
            return create_session(owner, title=title)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(owners) + 1) as threads:
        made = [
            threads.submit(create, owner, f"Chat {number}") for number, owner in enumerate(owners)
        ]
        refused = threads.submit(create, erased, "Nobody's")

    assert refused.exception() is not None
    stored = {session.pk: session for session in ChatSession.objects.all()}
    assert len(stored) == len(owners)
    for number, session in enumerate(call.result() for call in made):
        assert stored[session.pk].title == session.title == f"Chat {number}"
        assert stored[session.pk].user_id == owners[number].user_id


def owner(email: str) -> Principal:
    _, secret = create_key(User.objects.create_user(email), key_name="first")
    principal = get_user(secret)
    assert principal is not None
    return principal
