"""Activity is recorded whatever deadline the caller sets and whatever breaks."""

import pytest
from django.db import connection
from django_redis import get_redis_connection

from accounts.activity import buffer
from accounts.activity.events import decode
from accounts.models import ActivityEvent, ApiKey
from accounts.worker import drain
from chat.models import ChatMessage, ChatSession, Feedback, Share
from gatewayz.database.connections import BoundedConnection
from tests.deadlines import let_deadline_pass
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = "/v1/chat/sessions"
FEEDBACK = "/v1/chat/feedback"
SHARES = "/v1/chat/share"
MESSAGE = {"role": "user", "content": "hello", "tokens": 3}


@pytest.fixture
def feedback(session):
    return Feedback.objects.create(
        user_id=session.user_id, session=session, feedback_type="thumbs_up", model="m"
    )


@pytest.fixture
def share(session):
    return Share.objects.create(user_id=session.user_id, session=session, token="t" * 32)


def _put(api, path, body):
    return api.put(path, body, content_type="application/json")


# Each with the statement that does it.
ALONE = {
    "session_created": (
        "INSERT INTO chat_sessions",
        lambda api, session, *_: api.post_json(SESSIONS, {}),
    ),
    "session_created, many": (
        "INSERT INTO chat_sessions",
        lambda api, session, *_: api.post_json(f"{SESSIONS}/batch", {"sessions": [{}, {}]}),
    ),
    "session_updated": (
        'UPDATE "chat_sessions"',
        lambda api, session, *_: _put(api, f"{SESSIONS}/{session.pk}", {"title": "new"}),
    ),
    "session_deleted": (
        'UPDATE "chat_sessions"',
        lambda api, session, *_: api.delete(f"{SESSIONS}/{session.pk}"),
    ),
    "session_deleted, many": (
        'UPDATE "chat_sessions"',
        lambda api, session, *_: api.delete(
            SESSIONS, {"ids": [session.pk]}, content_type="application/json"
        ),
    ),
    "message_saved": (
        "chat_append",
        lambda api, session, *_: api.post_json(f"{SESSIONS}/{session.pk}/messages", MESSAGE),
    ),
    "message_saved, many": (
        "chat_append",
        lambda api, session, *_: api.post_json(
            f"{SESSIONS}/{session.pk}/messages/batch", {"messages": [MESSAGE] * 2}
        ),
    ),
    "feedback_saved": (
        'INSERT INTO "message_feedback"',
        lambda api, session, *_: api.post_json(
            FEEDBACK, {"session_id": session.pk, "feedback_type": "thumbs_up"}
        ),
    ),
    "feedback_updated": (
        'UPDATE "message_feedback"',
        lambda api, _, feedback, *__: _put(api, f"{FEEDBACK}/{feedback.pk}", {"rating": 5}),
    ),
    "session_shared": (
        'INSERT INTO "shared_chats"',
        lambda api, session, *_: api.post_json(SHARES, {"session_id": session.pk}),
    ),
    "share_revoked": (
        'UPDATE "shared_chats"',
        lambda api, _, __, share: api.delete(f"{SHARES}/{share.token}"),
    ),
}
IN_TRANSACTIONS = {
    "session_created, as a fork": lambda api, session, _: api.post_json(
        f"{SESSIONS}/{session.pk}/fork", {}
    ),
    "message_saved, imported": lambda api, *_: api.post_json(
        "/v1/chat/import", {"messages": [MESSAGE]}
    ),
    "feedback_deleted": lambda api, _, feedback: api.delete(f"{FEEDBACK}/{feedback.pk}"),
}
KEYED = {
    "session_created": lambda api, session: _post_once(api, SESSIONS, {}),
    "message_saved": lambda api, session: _post_once(
        api, f"{SESSIONS}/{session.pk}/messages", MESSAGE
    ),
}


def _post_once(api, path, body):
    return api.post_json(path, body, headers={"Idempotency-Key": "k1"})


def recorded():
    """The events that wait for the worker."""
    return [decode(each) for each in get_redis_connection("default").lrange(buffer._BUFFER, 0, -1)]


@pytest.fixture(autouse=True)
def _nothing_recorded_before(api, session, feedback, share):
    api.get(SESSIONS)  # the key is in the cache
    get_redis_connection("default").delete(buffer._BUFFER)


# --- Past the deadline --------------------------------------------------------------------------


@pytest.fixture
def late_after_writing():
    """The request's deadline passes as soon as one of its statements has written."""

    def write(execute, sql, *arguments):
        result = execute(sql, *arguments)
        if not sql.lstrip().startswith(("SELECT", "SAVEPOINT")):
            let_deadline_pass()
        return result

    with connection.execute_wrapper(write):
        yield


@pytest.fixture
def late_after_commit(monkeypatch):
    """The request's deadline passes as soon as its COMMIT is answered."""
    commit = BoundedConnection.commit

    def commit_and_be_late(database):
        commit(database)
        let_deadline_pass()

    monkeypatch.setattr(BoundedConnection, "commit", commit_and_be_late)


@pytest.mark.usefixtures("late_after_writing")
@pytest.mark.parametrize("done", ALONE)
def test_a_write_is_recorded_past_the_deadline(api, session, feedback, share, done):
    response = ALONE[done][1](api, session, feedback, share)

    assert response.status_code < 300
    (event,) = recorded()
    assert event.finish_reason == done.partition(",")[0]
    assert event.api_key_id is not None


@pytest.mark.usefixtures("late_after_commit")
@pytest.mark.parametrize("done", IN_TRANSACTIONS)
def test_a_committed_transaction_is_recorded_past_the_deadline(api, session, feedback, done):
    IN_TRANSACTIONS[done](api, session, feedback)

    assert done.partition(",")[0] in [event.finish_reason for event in recorded()]


@pytest.mark.usefixtures("late_after_commit")
@pytest.mark.parametrize("done", KEYED)
def test_a_write_with_an_idempotency_key_is_recorded_past_the_deadline(api, session, done):
    assert KEYED[done](api, session).status_code == 201

    assert [event.finish_reason for event in recorded()] == [done]


def test_without_redis_activity_is_written_past_the_deadline(api, no_redis, late_after_writing):
    assert api.post_json(SESSIONS, {}).status_code == 201

    assert ActivityEvent.objects.get().finish_reason == "session_created"


def test_a_request_rejected_before_its_write_is_not_recorded(api, settings):
    settings.REQUEST_DEADLINE_SECONDS = 0.000001

    assert_problem(api.post_json(SESSIONS, {}), 503, "deadline_exceeded")

    assert not recorded()
    assert ChatSession.objects.count() == 1


# --- Nobody knows whether it was done -----------------------------------------------------------


@pytest.mark.parametrize("done", ALONE)
def test_a_write_of_unknown_outcome_counts_as_a_use_of_the_key(
    database_network, api, session, feedback, share, done
):
    trigger, ask = ALONE[done]
    database_network.change(trigger=trigger, fate="unheard")

    assert ask(api, session, feedback, share).status_code == 503

    (event,) = recorded()
    assert event.finish_reason == "outcome_unknown"
    assert event.api_key_id is not None


@pytest.mark.parametrize("done", IN_TRANSACTIONS)
def test_a_commit_of_unknown_outcome_counts_as_a_use_of_the_key(
    database_network, api, session, feedback, done
):
    database_network.change(trigger="COMMIT\0", fate="unheard")

    assert IN_TRANSACTIONS[done](api, session, feedback).status_code == 503

    events = recorded()
    assert {event.finish_reason for event in events} == {"outcome_unknown"}
    assert None not in {event.api_key_id for event in events}


def test_a_key_that_was_changed_without_an_answer_is_in_the_log(database_network, api, key):
    database_network.change(trigger="COMMIT\0", fate="unheard")

    path = f"/v1/user/api-keys/{key.pk}"
    assert _put(api, path, {"key_name": "renamed"}).status_code == 503

    assert [event.finish_reason for event in recorded()] == ["outcome_unknown"]
    assert ApiKey.objects.get().key_name == "renamed"


def test_a_transaction_that_fails_before_its_commit_is_not_recorded(
    database_network, api, session
):
    ChatMessage.objects.create(session=session, role="user", content="Hello")
    # Before the COMMIT nothing takes effect.
    database_network.change(trigger="INSERT INTO chat_messages", fate="unheard")

    assert api.post_json(f"{SESSIONS}/{session.pk}/fork", {}).status_code == 503

    assert not recorded()


@pytest.mark.parametrize("table", ["pending", "owners"])
def test_a_search_cut_off_runs_again_and_is_not_a_use(database_network, api, table):
    database_network.change(trigger=f"chat_search_{table}", fate="unheard")

    assert api.post_json("/v1/chat/search", {"query": "hello"}).status_code == 200

    assert not recorded()


@pytest.mark.parametrize("fate", ["lost", "unheard"])
@pytest.mark.parametrize("done", KEYED)
def test_a_write_with_an_idempotency_key_is_recorded_once(
    database_network, api, session, done, fate
):
    database_network.change(trigger="COMMIT\0", fate=fate)

    assert KEYED[done](api, session).status_code == 201

    drain.drain()
    assert ActivityEvent.objects.get().finish_reason == done


@pytest.mark.parametrize("done", KEYED)
def test_a_write_with_an_idempotency_key_is_recorded_without_a_retry(
    database_network, api, session, done, monkeypatch
):
    monkeypatch.setattr("gatewayz.database.connections.GRACE_SECONDS", 0.1)
    commit = BoundedConnection.commit

    def commit_late(database):
        let_deadline_pass()
        commit(database)

    monkeypatch.setattr(BoundedConnection, "commit", commit_late)
    database_network.change(trigger="COMMIT\0", fate="silent")

    assert_problem(KEYED[done](api, session), 503, "deadline_exceeded")
    assert [event.finish_reason for event in recorded()] == [done]

    monkeypatch.undo()
    database_network.change(trigger="")
    assert KEYED[done](api, session)["Idempotent-Replayed"] == "true"
    drain.drain()
    assert ActivityEvent.objects.count() == 1
    assert ChatMessage.objects.count() + ChatSession.objects.count() == 2
