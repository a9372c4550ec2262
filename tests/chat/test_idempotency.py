"""`Idempotency-Key` on every POST of chats."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.activity import buffer
from accounts.models import ActivityEvent
from accounts.worker import drain
from chat import idempotency
from chat.models import ChatMessage, ChatSession, IdempotencyKey
from tests.conftest import ApiClient
from tests.gatewayz.processes import CHECKOUT
from tests.problems import assert_problem
from tests.waiting import WAIT_SECONDS

SESSIONS = "/v1/chat/sessions"


def post(api, path=SESSIONS, body=None, key="k1"):
    return api.post_json(path, body or {"title": "Once"}, headers={"Idempotency-Key": key})


def test_a_repeated_request_gets_the_first_response_and_does_nothing(api):
    first = post(api)
    again = post(api)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert ChatSession.objects.count() == 1


def test_the_same_json_in_another_order_is_the_same_request(api):
    post(api, body={"title": "Once", "model": "m"})

    again = post(api, body={"model": "m", "title": "Once"})

    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("batch", [False, True])
def test_messages_are_appended_once(api, session, batch):
    message = {"role": "user", "content": "ok 👋"}
    path = f"{SESSIONS}/{session.pk}/messages" + ("/batch" if batch else "")
    body = {"messages": [message] * 3} if batch else message

    answers = [post(api, path, body) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert ChatMessage.objects.count() == (3 if batch else 1)


def test_the_same_key_with_another_body_is_a_conflict(api):
    post(api)

    assert_problem(post(api, body={"title": "Twice"}), 409, "idempotency_key_reused")
    assert ChatSession.objects.count() == 1


def test_the_same_key_with_another_path_is_a_conflict(api, session):
    other = ChatSession.objects.create(user_id=session.user_id, title="O", model="m")
    message = {"role": "user", "content": "x"}
    post(api, f"{SESSIONS}/{session.pk}/messages", message)

    response = post(api, f"{SESSIONS}/{other.pk}/messages", message)

    assert_problem(response, 409, "idempotency_key_reused")


def test_another_user_may_use_the_same_key(api, stranger_api):
    post(api)

    response = post(stranger_api)

    assert response.status_code == 201
    assert "Idempotent-Replayed" not in response
    assert ChatSession.objects.count() == 2


def test_an_error_is_not_remembered(api):
    assert_problem(post(api, body={"title": "x" * 256}), 400, "validation_error")
    assert_problem(
        post(api, f"{SESSIONS}/1/messages", {"role": "user", "content": "x"}), 404, "not_found"
    )

    assert post(api).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "é"])
def test_rejects_an_invalid_key(api, key):
    body = assert_problem(post(api, key=key), 400, "validation_error")

    assert list(body["errors"]) == ["Idempotency-Key"]


def test_a_key_expires_after_a_day(api):
    first = post(api).json()["data"]
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))

    second = post(api, body={"title": "Another"})
    again = post(api, body={"title": "Another"})

    assert second.json()["data"]["id"] != first["id"]
    assert again.content == second.content


def test_expired_keys_are_purged_in_batches(api, monkeypatch):
    monkeypatch.setattr(idempotency, "PURGED_ROWS", 2)
    for n in range(5):
        post(api, key=f"old{n}")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    post(api, key="new")

    assert idempotency.purge_expired_keys() == 5
    assert IdempotencyKey.objects.get().key == "new"


def test_a_key_purged_while_it_is_reused_is_claimed_again(api):
    post(api)

    def claim_before_a_purge(execute, sql, *arguments):
        result = execute(sql, *arguments)
        if "INSERT INTO chat_idempotency_keys" in sql and arguments[-1]["cursor"].rowcount == 0:
            IdempotencyKey.objects.all().delete()
        return result

    with connection.execute_wrapper(claim_before_a_purge):
        again = post(api)

    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again
    assert IdempotencyKey.objects.get().status == 201


def test_a_request_without_a_key_takes_no_extra_statement(api):
    api.post_json(SESSIONS, {})

    with CaptureQueriesContext(connection) as captured:
        api.post_json(SESSIONS, {})

    assert not [query for query in captured if "idempotency" in query["sql"]]


def test_a_key_takes_two_statements_and_a_replay_two(api, django_assert_num_queries):
    api.get("/v1/chat/stats")

    # SAVEPOINT and RELEASE, which are BEGIN and COMMIT outside tests; claiming the key; the INSERT
    # of the session; storing the answer.
    with django_assert_num_queries(5):
        post(api)
    # SAVEPOINT and RELEASE; the failed claim; the stored answer.
    with django_assert_num_queries(4):
        post(api)


@pytest.mark.django_db(transaction=True)
def test_a_replay_is_not_recorded_as_activity(api):
    post(api)
    post(api)

    drain.drain()

    assert ActivityEvent.objects.count() == 1


class Killed(BaseException):
    pass


@pytest.mark.django_db(transaction=True)
def test_a_replay_records_the_activity_that_a_killed_process_could_not(api, monkeypatch):
    def die(events):
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(buffer, "push", die)
        post(api)
    assert ChatSession.objects.count() == 1

    again = post(api)
    drain.drain()

    assert again["Idempotent-Replayed"] == "true"
    assert ActivityEvent.objects.get().metadata["session_id"] == again.json()["data"]["id"]


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_in_one_process_run_once(api_key):
    def create(_):
        response = post(ApiClient(api_key))
        connections.close_all()
        return response.status_code, response.content

    with ThreadPoolExecutor(6) as threads:
        answers = set(threads.map(create, range(12)))

    assert ChatSession.objects.count() == 1
    assert len(answers) == 1


# A separate process on the test's database, which waits for a line before it sends its request.
ASKER = """
import sys

import django

django.setup()

from django.conf import settings
from django.db import connection

from tests.chat.test_idempotency import post
from tests.conftest import ApiClient

settings.ALLOWED_HOSTS = ["*"]
connection.settings_dict["NAME"] = sys.argv[1]
api = ApiClient(sys.argv[2])
api.get("/v1/chat/stats")
print("ready", flush=True)
sys.stdin.readline()
response = post(api)
print(response.status_code, response.content.decode())
"""


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_in_two_processes_run_once(api_key):
    command = [sys.executable, "-c", ASKER, connection.settings_dict["NAME"], api_key]
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "gatewayz.settings"}
    with ExitStack() as stack:
        askers = [
            stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=CHECKOUT,
                    env=environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        for asker in askers:
            assert asker.stdout.readline() == "ready\n"
        for asker in askers:
            asker.stdin.write("go\n")
            asker.stdin.flush()
        answers = [asker.communicate(timeout=WAIT_SECONDS)[0] for asker in askers]

    assert answers[0].startswith("201 ")
    assert answers[0] == answers[1]
    assert ChatSession.objects.count() == 1
