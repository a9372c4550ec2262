"""POST /v1/chat/sessions/{id}/fork."""

import pytest

from chat.models import ChatMessage, ChatSession
from chat.sessions import write
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


@pytest.fixture
def messages(api, session):
    body = {"messages": [{"role": "user", "content": f"M{n}"} for n in range(4)]}
    body["messages"][1] |= {"content": [{"type": "text", "text": "M1"}], "metadata": {"a": 1}}
    saved = api.post_json(f"{PATH}/{session.pk}/messages/batch", body).json()["data"]["saved"]
    return [one["data"] for one in saved]


def fork(api, session, **body):
    return api.post_json(f"{PATH}/{session.pk}/fork", body)


def copied(api, response):
    data = api.get(f"{PATH}/{response.json()['data']['id']}").json()["data"]
    own = {"id", "session_id"}
    return [
        {name: value for name, value in message.items() if name not in own}
        for message in data["messages"]
    ]


def test_copies_the_messages_up_to_the_given_one(api, session, messages):
    response = fork(api, session, message_id=messages[2]["id"], title="Fork")

    assert response.status_code == 201
    assert response.json()["data"]["title"] == "Fork"
    assert response.json()["data"]["model"] == session.model
    assert [one["content"] for one in copied(api, response)] == [
        one["content"] for one in messages[:3]
    ]
    assert copied(api, response)[1]["metadata"] == {"a": 1}


def test_copies_all_messages_by_default(api, session, messages):
    response = fork(api, session)

    assert response.json()["data"]["title"] == "Hello"
    assert len(copied(api, response)) == 4


def test_search_finds_copied_messages(api, session, messages):
    fork(api, session, title="Fork")

    found = api.post_json("/v1/chat/search", {"query": "M3"}).json()

    assert found["count"] == 2


def test_the_message_must_belong_to_the_session(api, stranger_api, session, messages):
    other = ChatSession.objects.create(user_id=session.user_id, title="O", model="m")

    assert_problem(fork(api, other, message_id=messages[0]["id"]), 404, "not_found")
    assert_problem(fork(stranger_api, session), 404, "not_found")
    assert ChatSession.objects.count() == 2


def test_rejects_to_copy_more_than_a_statement_can(api, session, messages, monkeypatch):
    monkeypatch.setattr(write, "MAX_FORKED", 3)

    assert_problem(fork(api, session), 400, "validation_error")
    assert ChatSession.objects.count() == 1


def test_copies_no_more_than_a_request_could_bring(api, session, messages, settings):
    ChatMessage.objects.update(content="x" * 600)
    settings.MAX_BODY_BYTES = 1_000

    problem = assert_problem(fork(api, session), 400, "validation_error")

    assert "bytes" in problem["detail"]
    assert ChatSession.objects.count() == 1
    assert fork(api, session, message_id=messages[0]["id"]).status_code == 201
