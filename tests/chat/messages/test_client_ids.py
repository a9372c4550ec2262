"""Messages and sessions that their clients have named."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from chat.models import ChatMessage, ChatSession
from tests.conftest import ApiClient
from tests.problems import assert_problem

SESSIONS = "/v1/chat/sessions"


def path(session):
    return f"{SESSIONS}/{session.pk}/messages"


def named(client_id, content, **more):
    return {"role": "user", "content": content, "client_id": client_id, **more}


def contents(api, session):
    page = api.get(f"{SESSIONS}/{session.pk}").json()["data"]
    return [message["content"] for message in page["messages"]]


def test_a_message_that_is_sent_again_replaces_itself_in_place(api, session):
    first = api.post_json(path(session), named("a", "one", name="ann"))
    api.post_json(path(session), {"role": "user", "content": "two"})

    again = api.post_json(path(session), named("a", "three"))

    assert (first.status_code, again.status_code) == (201, 200)
    first, again = first.json()["data"], again.json()["data"]
    same = ("id", "position", "parent_id", "created_at", "client_id")
    assert [again[name] for name in same] == [first[name] for name in same]
    assert again["edited"] is True
    assert "name" not in again
    assert contents(api, session) == ["three", "two"]


def test_the_same_message_sent_again_is_not_called_edited(api, session):
    message = named("a", "one", tool_calls=[{"b": 1, "a": 1.50}])

    api.post_json(path(session), message)

    assert api.post_json(path(session), message).json()["data"]["edited"] is False


def test_a_string_id_is_a_client_id(api, session):
    message = api.post_json(path(session), {"id": "msg_1", "role": "user", "content": "x"})

    assert message.json()["data"]["client_id"] == "msg_1"


def test_the_last_message_of_a_batch_wins_among_those_with_one_id(api, session):
    batch = [named("a", "1"), named("b", "2"), named("a", "3"), {"role": "user", "content": "4"}]

    saved = api.post_json(f"{path(session)}/batch", {"messages": batch}).json()["data"]["saved"]

    assert [one["data"]["content"] for one in saved] == ["3", "2", "3", "4"]
    assert saved[0]["message_id"] == saved[2]["message_id"]
    assert contents(api, session) == ["3", "2", "4"]


def test_two_sessions_may_use_the_same_client_id(api, user, session):
    other = ChatSession.objects.create(user=user, title="Other", model="m")

    for one in (session, other):
        assert api.post_json(path(one), named("a", "x")).status_code == 201


def test_a_batch_with_ids_takes_one_statement(api, session, django_assert_num_queries):
    api.get("/v1/chat/stats")
    batch = {"messages": [named(str(n % 40), str(n)) for n in range(500)]}

    # The function that touches the session and inserts and updates the messages.
    with django_assert_num_queries(1):
        assert api.post_json(f"{path(session)}/batch", batch).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_concurrent_retries_make_one_message_and_one_branch(api_key, session):
    def append(n):
        api = ApiClient(api_key)
        api.post_json(path(session), named(f"retry {n % 5}", str(n)))
        connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, range(40)))

    in_order = list(ChatMessage.objects.in_order())
    assert len(in_order) == 5
    assert [one.parent_id for one in in_order] == [None, *(one.pk for one in in_order[:-1])]


def test_a_session_with_an_external_id_is_created_once(api, stranger_api):
    body = {"external_id": "thread-1", "title": "T"}

    first = api.post_json(SESSIONS, body)
    again = api.post_json(SESSIONS, body | {"title": "Other"})
    foreign = stranger_api.post_json(SESSIONS, body)

    assert [one.status_code for one in (first, again, foreign)] == [201, 200, 201]
    assert again.json()["data"] == first.json()["data"]
    found = api.get(SESSIONS, {"external_id": "thread-1"}).json()
    assert (found["count"], found["data"][0]["title"]) == (1, "T")


def test_creating_a_named_session_takes_one_statement(api, django_assert_num_queries):
    api.get("/v1/chat/stats")

    for _ in range(2):
        # The INSERT, which returns the session that is there.
        with django_assert_num_queries(1):
            api.post_json(SESSIONS, {"external_id": "thread-1", "tags": ["a"], "project": 1})


@pytest.mark.django_db(transaction=True)
def test_concurrent_creations_of_a_named_session_make_one(api_key):
    def begin(_):
        answer = ApiClient(api_key).post_json(SESSIONS, {"external_id": "thread-1"})
        connections.close_all()
        return answer.status_code, answer.json()["data"]["id"]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(begin, range(24)))

    assert sorted(status for status, _ in answers) == [200] * 23 + [201]
    assert len({session_id for _, session_id in answers}) == 1


def test_deleting_a_session_frees_its_name_and_a_colliding_restore_conflicts(api):
    first = api.post_json(SESSIONS, {"external_id": "a"}).json()["data"]
    api.delete(f"{SESSIONS}/{first['id']}")

    assert api.post_json(SESSIONS, {"external_id": "a"}).status_code == 201

    assert_problem(
        api.post_json(f"{SESSIONS}/{first['id']}/restore", {}), 409, "external_id_taken"
    )


def test_a_name_of_another_session_cannot_be_taken(api, session):
    api.post_json(SESSIONS, {"external_id": "a"})

    answer = api.patch(
        f"{SESSIONS}/{session.pk}", {"external_id": "a"}, content_type="application/json"
    )

    assert_problem(answer, 409, "external_id_taken")


def test_blanks_belong_to_a_clients_id(api, session):
    for client_id in ("a", " a", "a "):
        assert api.post_json(path(session), named(client_id, client_id)).status_code == 201

    assert contents(api, session) == ["a", " a", "a "]
    for external_id in ("a", " a", "a "):
        made = api.post_json(SESSIONS, {"external_id": external_id})
        found = api.get(SESSIONS, {"external_id": external_id}).json()["data"]
        assert (made.status_code, [one["id"] for one in found]) == (
            201,
            [made.json()["data"]["id"]],
        )


@pytest.mark.parametrize(
    ("given", "client_id", "ignored"),
    [
        ({"id": "m"}, "m", None),
        ({"id": "m", "client_id": None}, "m", None),
        ({"id": "m", "client_id": "c"}, "c", ["id"]),
        ({"id": ""}, None, ["id"]),
        ({"id": 5}, None, ["id"]),
    ],
)
def test_an_id_names_a_message_unless_a_client_id_does(api, session, given, client_id, ignored):
    answer = api.post_json(path(session), {"role": "user", "content": "x", **given}).json()

    assert answer["data"]["client_id"] == client_id
    assert answer.get("ignored_fields") == ignored
