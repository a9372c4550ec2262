"""PUT, PATCH and DELETE /v1/chat/sessions/{id}."""

import pytest

from accounts.models import ActivityEvent
from accounts.worker import drain
from chat.models import ChatSession
from tests.problems import assert_problem


def path(session):
    return f"/v1/chat/sessions/{session.pk}"


def change(api, session, body, method="put"):
    return getattr(api, method)(path(session), body, content_type="application/json")


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize(
    ("body", "title", "model"),
    [
        ({"title": "New"}, "New", "openai/gpt-4o"),
        ({"model": "acme/big", "title": None}, "Hello", "acme/big"),
        ({"title": "New", "model": "acme/big"}, "New", "acme/big"),
        ({}, "Hello", "openai/gpt-4o"),
    ],
)
def test_changes_the_given_fields_and_keeps_the_rest(api, session, method, body, title, model):
    response = change(api, session, body, method)

    assert response.status_code == 200
    data = response.json()["data"]
    assert (data["id"], data["title"], data["model"]) == (session.pk, title, model)
    session.refresh_from_db()
    assert (session.title, session.model) == (title, model)


def test_a_change_leaves_the_session_in_its_place_in_the_list(api, session):
    newest = api.post_json("/v1/chat/sessions", {}).json()["data"]

    change(api, session, {"title": "New", "tags": ["a"], "is_pinned": True})

    listed = api.get("/v1/chat/sessions").json()["data"]
    assert [one["id"] for one in listed] == [newest["id"], session.pk]


def test_a_change_takes_two_statements(api, session, django_assert_num_queries):
    change(api, session, {"title": "New"})

    # The UPDATE; the session as it then is.
    with django_assert_num_queries(2):
        change(api, session, {"title": "Newer"})


def test_rejects_a_title_that_is_too_long(api, session):
    assert_problem(change(api, session, {"title": "x" * 256}), 400, "validation_error")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_somebody_elses_session_is_not_found_and_stays_unchanged(stranger_api, session, method):
    assert_problem(change(stranger_api, session, {"title": "X"}, method), 404, "not_found")

    session.refresh_from_db()
    assert (session.title, session.is_active) == ("Hello", True)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_a_deleted_session_is_not_found(api, session, method):
    response = api.delete(path(session))
    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "data": None,
        "message": "Chat session deleted successfully",
    }

    assert_problem(getattr(api, method)(path(session)), 404, "not_found")
    assert api.get("/v1/chat/sessions").json()["count"] == 0
    assert ChatSession.objects.filter(pk=session.pk).exists()


def test_deleting_takes_one_statement(api, session, django_assert_num_queries):
    api.get(path(session))

    # The UPDATE.
    with django_assert_num_queries(1):
        api.delete(path(session))


@pytest.mark.django_db(transaction=True)
def test_changes_and_deletions_are_recorded_as_activity(api, session):
    change(api, session, {"title": "New"})
    change(api, session, {})
    api.delete(path(session))

    drain.drain()

    events = ActivityEvent.objects.order_by("timestamp")
    assert [event.finish_reason for event in events] == ["session_updated", "session_deleted"]
    assert events[0].metadata == {
        "action": "update_session",
        "session_id": session.pk,
        "changed": ["title"],
    }
