"""Every job that deletes rows for good copes with big rows and rows that cannot be deleted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.activity import retention as activity_retention
from accounts.models import ActivityEvent, Notification, User
from accounts.notifications import retention as notifications_retention
from accounts.profile import erasure
from chat import idempotency
from chat.models import ChatMessage, ChatSession, IdempotencyKey
from chat.sessions import retention
from tests.accounts.profile.conftest import event_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 8
LONG_AGO = timezone.now() - timedelta(days=9_999)


@pytest.fixture
def _statements_end_early(request):
    """Statements that delete more than two rows of `table` fail, as if they timed out."""
    table = request.getfixturevalue("job").table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE FUNCTION end_early() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (SELECT count(*) FROM gone) > 2 THEN
                    RAISE EXCEPTION 'canceling statement' USING ERRCODE = 'query_canceled';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER end_early AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION end_early();
            """  # noqa: S608 - the tables stand below
        )
        yield
        cursor.execute("DROP FUNCTION end_early CASCADE")


@pytest.fixture
def keep():
    """Make the database reject deleting rows of a table that meet a condition."""

    def refuse(table, condition):
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'it stays'; END $$;
                CREATE TRIGGER keep BEFORE DELETE ON {table}
                FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION keep();
                """
            )

    yield refuse
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS keep CASCADE")


def trash(user, messages):
    session = ChatSession.objects.create(
        user=user, title="T", model="m", is_active=False, updated_at=LONG_AGO
    )
    ChatMessage.objects.bulk_create(
        ChatMessage(session=session, role="user", content=f"M{n}") for n in range(messages)
    )
    return session


class Messages:
    table = "chat_messages"
    model = ChatMessage
    run = staticmethod(retention.purge_expired)
    returns = 1

    @staticmethod
    def fill(user):
        trash(user, ROWS)


class Activity:
    table = "activity_log"
    model = ActivityEvent
    run = staticmethod(activity_retention.prune_expired)
    returns = ROWS

    @staticmethod
    def fill(user):
        write_events([event_of(user) for _ in range(ROWS)])
        ActivityEvent.objects.update(timestamp=LONG_AGO)


class Notifications:
    table = "notifications"
    model = Notification
    run = staticmethod(notifications_retention.prune_expired)
    returns = ROWS

    @staticmethod
    def fill(user):
        Notification.objects.bulk_create(
            Notification(
                user=user, kind="test", cause=f"c{n}", channel="email", created_at=LONG_AGO
            )
            for n in range(ROWS)
        )


class IdempotencyKeys:
    table = "chat_idempotency_keys"
    model = IdempotencyKey
    run = staticmethod(idempotency.purge_expired_keys)
    returns = ROWS

    @staticmethod
    def fill(user):
        IdempotencyKey.objects.bulk_create(
            IdempotencyKey(
                user=user, key=f"k{n}", fingerprint="", status=201, body="", created_at=LONG_AGO
            )
            for n in range(ROWS)
        )


class Erasure:
    table = "notifications"
    model = Notification
    run = staticmethod(erasure.erase_remaining)
    returns = 1

    @staticmethod
    def fill(user):
        Notifications.fill(user)
        erasure.request_erasure(user.pk)


JOBS = [Messages, Activity, Notifications, IdempotencyKeys, Erasure]


@pytest.fixture(params=JOBS, ids=lambda job: job.__name__)
def job(request, user):
    request.param.fill(user)
    return request.param


@pytest.mark.usefixtures("_statements_end_early")
def test_a_batch_that_takes_too_long_is_halved(job):
    assert job.run() == job.returns

    assert not job.model.objects.exists()


def test_a_row_that_cannot_be_deleted_is_logged_and_all_others_are_deleted(job, keep, caplog):
    rows = list(job.model.objects.order_by("pk"))
    stuck = rows[ROWS // 2]
    conditions = {"key": f"OLD.key = '{getattr(stuck, 'key', '')}'", "id": f"OLD.id = {stuck.pk}"}
    keep(job.table, conditions["key" if job is IdempotencyKeys else "id"])

    job.run()

    assert list(job.model.objects.all()) == [stuck]
    assert "Could not" in caplog.text
    assert str(stuck.pk) in caplog.text


def test_a_session_that_cannot_be_purged_does_not_block_others(user, keep, caplog):
    sessions = [trash(user, 1) for _ in range(3)]
    keep("chat_sessions", f"OLD.id = {sessions[0].pk}")

    assert retention.purge_expired() == 2

    assert list(ChatSession.objects.all()) == [sessions[0]]
    assert f"Could not purge chat session {sessions[0].pk}" in caplog.text


def test_a_user_who_cannot_be_erased_does_not_block_others(user, keep, caplog):
    other = User.objects.create_user("eve@example.com")
    for one in (user, other):
        erasure.request_erasure(one.pk)
    keep("users", f"OLD.id = {user.pk}")

    assert erasure.erase_remaining() == 1

    assert list(User.objects.all()) == [user]
    assert f"Could not erase user {user.pk}" in caplog.text


def test_a_session_that_exceeds_its_share_of_time_lets_others_pass(user, monkeypatch):
    monkeypatch.setattr(retention, "SESSION_SECONDS", 0)
    sessions = [trash(user, 1) for _ in range(3)]

    assert retention.purge_expired() == 0
    assert ChatSession.objects.filter(is_purged=True).count() == 3

    # All have been started, so a session deleted now comes first.
    newest = trash(user, 0)
    ((_, expired),) = retention.expired_sessions(timezone.now())
    assert expired == {newest.pk: user.pk}
    monkeypatch.undo()
    assert retention.purge_expired() == len(sessions) + 1
