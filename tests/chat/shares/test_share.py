"""POST, GET /v1/chat/share; GET, DELETE /v1/chat/share/{token}."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.limits import throttles
from chat.messages.read import PAGE_BYTES
from chat.models import ChatMessage, Share
from tests.problems import assert_problem

PATH = "/v1/chat/share"


@pytest.fixture
def anybody(db):
    """A client without a key."""
    return Client()


@pytest.fixture
def shared(api, session):
    """A link to a session with one message."""
    ChatMessage.objects.create(
        session=session, role="user", content="Hello", metadata={"client": "private"}
    )
    response = api.post_json(PATH, {"session_id": session.pk})
    assert response.status_code == 201
    return response.json()["data"]


def path(shared):
    return f"{PATH}/{shared['token']}"


def test_makes_an_unguessable_link(shared, session):
    assert len(shared["token"]) >= 32
    assert shared["share_token"] == shared["token"]
    assert shared["share_url"] == f"http://testserver{path(shared)}"
    assert shared["session_id"] == session.pk
    assert (shared["view_count"], shared["expires_at"]) == (0, None)


def test_anybody_can_read_the_session_but_nothing_about_its_owner(anybody, shared):
    response = anybody.get(path(shared))

    assert response.status_code == 200
    data = response.json()["data"]
    assert (data["title"], data["model"]) == ("Hello", "openai/gpt-4o")
    assert [message["content"] for message in data["messages"]] == ["Hello"]
    assert "user_id" not in data
    assert "private" not in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_an_invalid_key_does_not_matter(anybody, shared):
    response = anybody.get(path(shared), headers={"Authorization": "Bearer nonsense"})

    assert response.status_code == 200


def test_pages_like_the_session_itself(anybody, session, shared):
    newest = ChatMessage.objects.create(session=session, role="user", content="Newest")

    data = anybody.get(path(shared), {"message_limit": 1}).json()["data"]

    assert [message["id"] for message in data["messages"]] == [newest.pk]
    assert data["has_more_messages"] is True


@pytest.mark.parametrize("old_shapes", [True, False])
def test_a_page_is_no_longer_for_having_its_messages_twice(
    anybody, session, shared, settings, old_shapes
):
    settings.OLD_SHAPES = old_shapes
    size = PAGE_BYTES // 4
    for _ in range(6):
        ChatMessage.objects.create(session=session, role="user", content="x" * size)

    response = anybody.get(path(shared))

    copies = 2 if old_shapes else 1
    assert response.json()["data"]["has_more_messages"] is True
    assert PAGE_BYTES <= len(response.content) < PAGE_BYTES + copies * size


def test_reading_takes_three_statements(anybody, shared, django_assert_num_queries):
    # Counting the view; the link and its session; the messages.
    with django_assert_num_queries(3):
        anybody.get(path(shared))


def test_lists_the_users_links_with_their_views(api, stranger_api, anybody, shared):
    anybody.get(path(shared))

    body = api.get(PATH).json()

    assert body["count"] == 1
    (listed,) = body["data"]
    assert (listed["token"], listed["view_count"]) == (shared["token"], 1)
    assert listed["last_viewed_at"] is not None
    assert stranger_api.get(PATH).json()["data"] == []


@pytest.mark.django_db(transaction=True)
def test_concurrent_views_are_all_counted(shared):
    def view(_):
        status = Client().get(path(shared)).status_code
        connections.close_all()
        return status

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(view, range(30))) == {200}

    assert Share.objects.get().view_count == 30


def test_a_revoked_link_is_not_found(api, anybody, shared):
    assert api.delete(path(shared)).json()["success"] is True

    assert_problem(anybody.get(path(shared)), 404, "not_found")
    assert_problem(api.delete(path(shared)), 404, "not_found")
    assert api.get(PATH).json()["count"] == 0


def test_an_expired_link_is_not_found(api, anybody, session):
    soon = timezone.now() + timedelta(hours=1)
    shared = api.post_json(PATH, {"session_id": session.pk, "expires_at": soon}).json()["data"]
    assert anybody.get(path(shared)).status_code == 200

    Share.objects.update(expires_at=timezone.now())

    assert_problem(anybody.get(path(shared)), 404, "not_found")


def test_the_link_of_a_deleted_session_is_not_found(api, anybody, session, shared):
    api.delete(f"/v1/chat/sessions/{session.pk}")

    assert_problem(anybody.get(path(shared)), 404, "not_found")
    assert api.get(PATH).json()["data"] == []


@pytest.mark.parametrize("token", ["x", "%00", "a%20b", "x" * 500])
def test_an_unknown_token_is_not_found(anybody, token):
    assert_problem(anybody.get(f"{PATH}/{token}"), 404, "not_found")


def test_only_the_owner_can_revoke(anybody, stranger_api, shared):
    assert_problem(stranger_api.delete(path(shared)), 404, "not_found")
    assert_problem(anybody.delete(path(shared)), 401, "not_authenticated")
    assert anybody.get(path(shared)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"session_id": "x"}, {"session_id": 1, "expires_at": "2020-01-01T00:00:00Z"}],
    ids=str,
)
def test_rejects_a_bad_link(api, body):
    assert_problem(api.post_json(PATH, body), 400, "validation_error")


def test_somebody_elses_session_is_not_found(stranger_api, session):
    assert_problem(stranger_api.post_json(PATH, {"session_id": session.pk}), 404, "not_found")


def test_reading_links_is_limited_by_address(api, session, monkeypatch):
    monkeypatch.setattr(throttles, "PUBLIC_REQUESTS_PER_MINUTE", 2)
    token = api.post_json("/v1/chat/share", {"session_id": session.pk}).json()["data"]["token"]
    path = f"/v1/chat/share/{token}"
    assert [Client().get(path).status_code for _ in range(2)] == [200, 200]

    assert_problem(Client().get(path), 429, "too_many_attempts")
    assert Client(REMOTE_ADDR="192.0.2.7").get(path).status_code == 200
    subscriber = [Client(REMOTE_ADDR=f"2001:db8::{n}").get(path).status_code for n in range(3)]
    assert subscriber == [200, 200, 429]


@pytest.mark.parametrize("direction", ["before", "after"])
def test_a_further_page_counts_no_view(api, session, direction):
    token = api.post_json("/v1/chat/share", {"session_id": session.pk}).json()["data"]["token"]

    further = Client().get(f"/v1/chat/share/{token}", {direction: 1})

    assert further.status_code == 200
    assert Share.objects.get().view_count == 0


def test_a_head_request_counts_no_view(api, session):
    token = api.post_json("/v1/chat/share", {"session_id": session.pk}).json()["data"]["token"]

    assert Client().head(f"/v1/chat/share/{token}").status_code == 200
    assert Share.objects.get().view_count == 0
    assert Client().get(f"/v1/chat/share/{token}").json()["data"]["view_count"] == 1


def test_system_messages_are_shared_only_on_request(api, session):
    for role in ("system", "developer", "user"):
        ChatMessage.objects.create(session=session, role=role, content=role)

    def shown(**asked):
        body = {"session_id": session.pk, **asked}
        token = api.post_json("/v1/chat/share", body).json()["data"]["token"]
        messages = Client().get(f"/v1/chat/share/{token}").json()["data"]["messages"]
        return [message["role"] for message in messages]

    assert shown() == ["user"]
    assert shown(include_system=True) == ["system", "developer", "user"]
