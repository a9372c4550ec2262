"""POST /v1/chat/sessions/{id}/messages/batch."""

import pytest

from chat.models import ChatMessage
from tests.problems import assert_problem


def path(session):
    return f"/v1/chat/sessions/{session.pk}/messages/batch"


def batch(count):
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": f"M{n}"} for n in range(count)]}


def test_saves_all_in_the_order_given(api, session):
    response = api.post_json(path(session), batch(500))

    assert response.status_code == 201
    data = response.json()["data"]
    assert (data["total"], data["success_count"], data["failure_count"]) == (500, 500, 0)
    assert data["failed"] == []
    assert all(saved["success"] is True for saved in data["saved"])
    assert [saved["message_id"] for saved in data["saved"]] == [
        saved["data"]["id"] for saved in data["saved"]
    ]
    assert [saved["data"]["content"] for saved in data["saved"]] == [f"M{n}" for n in range(500)]
    in_order = ChatMessage.objects.in_order().values_list("content", flat=True)
    assert list(in_order) == [f"M{n}" for n in range(500)]


def test_a_batch_of_500_takes_one_statement(api, session, django_assert_num_queries):
    api.get("/v1/chat/stats")

    # The UPDATE of the session with the INSERT of all messages.
    with django_assert_num_queries(1):
        api.post_json(path(session), batch(500))


def test_a_bad_item_fails_the_whole_batch_and_is_named_by_its_index(api, session):
    body = batch(4)
    body["messages"][2]["role"] = "robot"

    problem = assert_problem(api.post_json(path(session), body), 400, "validation_error")

    assert list(problem["errors"]["messages"]) == ["2"]
    assert list(problem["errors"]["messages"]["2"]) == ["role"]
    assert "messages.2.role" in problem["detail"]
    assert not ChatMessage.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"messages": []}, {"messages": "x"}, {"messages": None}, batch(501), []]
)
def test_rejects_anything_but_1_to_500_messages(api, session, body):
    assert_problem(api.post_json(path(session), body), 400, "validation_error")


def test_items_that_are_not_objects_are_named_too(api, session):
    body = {"messages": [{"role": "user", "content": "x"}, 5]}

    problem = assert_problem(api.post_json(path(session), body), 400, "validation_error")

    assert list(problem["errors"]["messages"]) == ["1"]


def test_the_session_takes_the_last_model_in_the_batch(api, session):
    body = batch(3)
    body["messages"][0]["model"] = "acme/small"
    body["messages"][1]["model"] = "acme/big"

    api.post_json(path(session), body)

    session.refresh_from_db()
    assert session.model == "acme/big"


def test_other_peoples_sessions_are_not_found(stranger_api, session):
    assert_problem(stranger_api.post_json(path(session), batch(1)), 404, "not_found")
    assert not ChatMessage.objects.exists()
