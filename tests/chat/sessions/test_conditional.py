"""ETag and If-None-Match on GET requests."""

import json

import pytest
from django.http import HttpResponse
from django.utils.cache import set_response_etag

from chat.models import ChatMessage
from tests.openapi import operations, read_schema
from tests.problems import assert_problem

PATHS = ["/v1/chat/sessions/{}", "/v1/chat/sessions/{}/messages"]

# Everything that shows sessions or messages, except downloads, which have no ETag.
SHOWING = [
    "/v1/chat/sessions",
    "/v1/chat/sessions/{session_id}",
    "/v1/chat/sessions/{session_id}/messages",
    "/v1/chat/sessions/{session_id}/messages/{message_id}",
    "/v1/conversations/conv_{session_id}",
    "/v1/conversations/conv_{session_id}/items",
    "/v1/conversations/conv_{session_id}/items/{item_id}",
]


@pytest.fixture
def ids(session, user):
    """Ids of a session and of a message in it, by the names that paths give them."""
    message = ChatMessage.objects.create(
        session=session, user=user, role="user", content="Hi", position=1, client_id="m"
    )
    return {"session_id": session.pk, "message_id": message.pk, "item_id": "m"}


@pytest.mark.parametrize("path", SHOWING)
def test_answers_304_until_something_changes(api, session, ids, path):
    path = path.format(**ids)
    first = api.get(path)

    same = api.get(path, headers={"If-None-Match": first["ETag"]})
    api.post_json(f"/v1/chat/sessions/{session.pk}/messages", {"role": "user", "content": "Hello"})
    changed = api.get(path, headers={"If-None-Match": first["ETag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert same["X-Request-ID"]
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


@pytest.mark.parametrize("path", SHOWING)
def test_an_etag_tells_versions_so_that_a_304_needs_no_body(api, ids, path):
    answer = api.get(path.format(**ids))

    of_its_body = HttpResponse(answer.content)
    set_response_etag(of_its_body)
    assert answer["ETag"] != of_its_body["ETag"]


def test_no_other_operation_shows_sessions_or_messages():
    read = {
        path
        for method, path in operations(read_schema())
        if method == "get" and path.startswith(("/v1/chat/sessions", "/v1/conversations"))
    }

    without = {f"/v1/chat/sessions/{{session_id}}/{rest}" for rest in ("export", "feedback")}
    assert read - without == set(SHOWING)


@pytest.mark.parametrize(
    "change", [{"title": "x"}, {"tags": ["y"]}, {"is_pinned": True}, {"flavour": 1}]
)
def test_every_change_of_a_session_changes_the_etag_of_the_list(api, session, change):
    before = api.get("/v1/chat/sessions")["ETag"]
    api.patch(f"/v1/chat/sessions/{session.pk}", change, content_type="application/json")

    assert api.get("/v1/chat/sessions", headers={"If-None-Match": before}).status_code == 200


def test_sessions_that_come_or_go_change_the_etag_of_a_page(api, session):
    page = "/v1/chat/sessions?limit=1&order=created"
    one = api.get(page)["ETag"]
    other = api.post_json("/v1/chat/sessions", {}).json()["data"]["id"]
    two = api.get(page)["ETag"]
    api.delete(f"/v1/chat/sessions/{other}")

    assert len({one, two}) == 2
    assert api.get(page, headers={"If-None-Match": two}).status_code == 200


def test_conditions_about_dates_are_ignored(api, session):
    path = f"/v1/chat/sessions/{session.pk}"
    since = {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}
    first = api.get(path, headers=since)

    assert first.status_code == 200
    assert api.get(path, headers={**since, "If-None-Match": first["ETag"]}).status_code == 304


def test_a_precondition_that_fails_is_a_problem(api, session):
    response = api.get(f"/v1/chat/sessions/{session.pk}", headers={"If-Match": '"another"'})

    assert_problem(response, 412, "precondition_failed")


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_that_the_client_has_is_not_read_again(
    api, session, path, django_assert_num_queries
):
    path = path.format(session.pk)
    api.post_json(f"/v1/chat/sessions/{session.pk}/messages", {"role": "user", "content": "Hello"})
    with django_assert_num_queries(2):  # the session, its messages
        first = api.get(path)

    with django_assert_num_queries(1):  # the session
        same = api.get(path, headers={"If-None-Match": first["ETag"]})

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    assert api.get(path, headers={"If-None-Match": "*"}).status_code == 304
    assert api.get(path, headers={"If-None-Match": 'W/"x", ' + first["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", PATHS)
def test_every_change_of_a_session_or_its_messages_changes_the_etag(api, session, path):
    base = f"/v1/chat/sessions/{session.pk}"
    path = path.format(session.pk)
    message = {"role": "user", "content": "Hello", "client_id": "a"}
    first = api.post_json(f"{base}/messages", message).json()["data"]["id"]
    second = api.post_json(f"{base}/messages", message | {"client_id": "b"}).json()["data"]["id"]

    def change(method, path, body=None):
        before = api.get(path_of_etag)["ETag"]
        answer = api.generic(method, path, json.dumps(body or {}), "application/json")
        assert answer.status_code in (200, 201), answer.content
        changed = api.get(path_of_etag, headers={"If-None-Match": before})
        assert changed.status_code == 200, (method, path, body)

    path_of_etag = path
    for body in ({"title": "x"}, {"tags": ["y"]}, {"is_pinned": True}, {"metadata": {"a": 1}}):
        change("PATCH", base, body)
    change("PATCH", base, {"current_message_id": first})
    change("PATCH", base, {"folder": "f", "unknown": 1})
    change("POST", f"{base}/messages/batch", {"messages": [message | {"client_id": "c"}]})
    change("POST", f"{base}/messages", message | {"content": "Again"})
    change("PATCH", f"{base}/messages/{first}", {"content": "Changed"})
    change("DELETE", f"{base}/messages/{second}")
    change("DELETE", f"{base}/messages?after={first}")
    change("PATCH", base, {"title": "z"})


def test_another_users_etag_opens_nothing(api, stranger_api, session):
    first = api.get(f"/v1/chat/sessions/{session.pk}")

    for path in PATHS:
        asked = {"If-None-Match": first["ETag"]}
        assert_problem(stranger_api.get(path.format(session.pk), headers=asked), 404, "not_found")


@pytest.mark.parametrize("path", [*SHOWING, "/v1/chat/tags", "/v1/chat/stats", "/v1/chat/share"])
def test_head_has_the_etag_of_get(api, ids, path):
    path = path.format(**ids)
    etag = api.get(path)["ETag"]

    answer = api.head(path)
    known = api.head(path, headers={"If-None-Match": etag})

    assert (answer.status_code, answer["ETag"], known.status_code) == (200, etag, 304)
