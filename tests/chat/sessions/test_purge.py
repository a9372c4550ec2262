"""The reads and statements of a purge, beside a big trash and big sessions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from chat.models import ChatMessage, ChatSession
from chat.sessions import retention
from tests.plans import blocks, plans_of

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timezone.now() - timedelta(days=400)


def trash(user, sessions, messages=1):
    """Sessions that were all deleted at the same time, as by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH session AS (
                INSERT INTO chat_sessions
                    (user_id, title, model, is_active, created_at, updated_at)
                SELECT %s, 'T', 'm', false, %s, %s FROM generate_series(1, %s) RETURNING id
            )
            INSERT INTO chat_messages
                (session_id, user_id, position, role, content, model, tokens, created_at)
            SELECT id, %s, place, 'user', 'x', '', 0, now()
            FROM session, generate_series(1, %s) AS place
            """,
            [user.pk, LONG_AGO, LONG_AGO, sessions, user.pk, messages],
        )
        cursor.execute("ANALYZE chat_sessions, chat_messages, users")


@pytest.fixture
def keeper():
    """A user whose trash is kept for ever."""
    user = User.objects.create_user("keeper@example.com", chat_retention_days=0)
    trash(user, 10_000, 0)
    return user


def test_a_purge_deletes_several_sessions_with_one_statement(user):
    trash(user, 300, 2)

    with CaptureQueriesContext(connection) as captured:
        assert retention.purge_expired() == 300

    assert not ChatMessage.objects.exists()
    assert len(captured) < 150


def test_no_statement_of_a_purge_reads_a_trash_that_is_kept_forever(keeper, user, monkeypatch):
    monkeypatch.setattr(retention, "PAGE_ROWS", 500)
    trash(user, 3)

    with plans_of() as plans:
        assert retention.purge_expired() == 3

    assert ChatSession.objects.count() == 10_000
    pages = [blocks(plan) for plan in plans if "chat_sessions" in str(plan)]
    assert len(pages) >= 10_000 // 500
    assert max(pages) < 4_000


def test_a_session_that_exceeds_its_share_of_time_does_not_delay_others(user, monkeypatch):
    trash(user, 1, 50)
    trash(user, 50)
    deleted = retention.delete_dependents

    def slowly(model, ids, **options):
        """A big session is not done in its share of time."""
        is_big = ChatMessage.objects.filter(session_id__in=ids).count() >= 50
        return False if is_big else deleted(model, ids, **options)

    monkeypatch.setattr(retention, "delete_dependents", slowly)

    assert retention.purge(timezone.now()) == (50, False)

    assert ChatMessage.objects.count() == 50
