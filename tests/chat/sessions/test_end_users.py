"""The data of one person of an account: counted, exported and erased by `end_user_id`."""

import json
from urllib.parse import quote

import pytest

from chat.models import ChatMessage, ChatSession, Feedback
from chat.sessions.retention import purge_expired
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"
ANN = "ann/1 & co+ü"


def chat_of(api, end_user_id, text="Hello"):
    made = api.post_json(PATH, {"end_user_id": end_user_id}).json()["data"]["id"]
    api.post_json(f"{PATH}/{made}/messages", {"role": "user", "content": text})
    return made


def erase(api, end_user_id):
    return api.delete(f"{PATH}?end_user_id={quote(end_user_id, safe='')}")


def test_exports_the_chats_of_one_person(api):
    of_ann, _ = chat_of(api, ANN), chat_of(api, "bob")

    answer = api.get("/v1/chat/export", {"end_user_id": ANN})

    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [line["id"] for line in lines if line["type"] == "session"] == [of_ann]
    assert [line["type"] for line in lines] == ["session", "message", "end"]
    assert lines[0]["end_user_id"] == ANN


def test_erases_the_chats_of_one_person_for_good(api, stranger_api):
    of_ann, in_trash, of_bob = chat_of(api, ANN), chat_of(api, ANN), chat_of(api, "bob")
    of_a_stranger = chat_of(stranger_api, ANN)
    nobodys = api.post_json(PATH, {}).json()["data"]["id"]
    api.delete(f"{PATH}/{in_trash}")
    api.post_json("/v1/chat/feedback", {"session_id": of_ann, "feedback_type": "thumbs_up"})

    erased = erase(api, ANN)

    assert erased.status_code == 200
    assert erased.json()["data"] == {"deleted_count": 2}
    for gone in (of_ann, in_trash):
        assert_problem(api.get(f"{PATH}/{gone}"), 404, "not_found")
        assert_problem(api.post_json(f"{PATH}/{gone}/restore", {}), 404, "not_found")
    assert api.get(PATH, {"deleted": "true"}).json()["count"] == 0
    purge_expired()
    kept = {of_bob, of_a_stranger, nobodys}
    assert set(ChatSession.objects.values_list("id", flat=True)) == kept
    assert set(ChatMessage.objects.values_list("session_id", flat=True)) == kept - {nobodys}
    assert not Feedback.objects.exists()
    assert erase(api, ANN).json()["data"] == {"deleted_count": 0}


def test_erasing_takes_one_statement(api, django_assert_num_queries):
    for _ in range(3):
        chat_of(api, ANN)

    with django_assert_num_queries(1):  # the sessions
        erase(api, ANN)


@pytest.mark.parametrize("query", ["end_user_id=", "end_user_id=%00", "end_user_id=" + "x" * 256])
def test_erases_nothing_without_a_name(api, query):
    made = chat_of(api, ANN)

    assert_problem(api.delete(f"{PATH}?{query}"), 400, "validation_error")
    assert api.get(f"{PATH}/{made}").status_code == 200


def test_sessions_and_a_person_cannot_both_be_named(api):
    made = chat_of(api, ANN)

    answer = api.delete(f"{PATH}?end_user_id=bob", {"ids": [made]}, "application/json")

    assert_problem(answer, 400, "validation_error")
    assert api.get(f"{PATH}/{made}").status_code == 200


def test_statistics_are_those_of_one_person(api):
    chat_of(api, ANN)
    chat_of(api, "bob")

    assert api.get("/v1/chat/stats", {"end_user_id": ANN}).json()["stats"]["total_messages"] == 1


@pytest.mark.parametrize(
    "path",
    [
        f"{PATH}?end_user_id=",
        f"{PATH}?external_id=",
        "/v1/chat/stats?end_user_id=",
        "/v1/chat/export?end_user_id=",
    ],
)
def test_an_empty_id_of_a_person_is_an_error_and_not_everybody(api, path):
    assert_problem(api.get(path), 400, "validation_error")
