"""Deleting what belongs to a big user: what a batch reads, in blocks and not in time."""

import json

import pytest
from django.db import connection

from accounts.models import User
from accounts.profile import erasure
from chat.models import ChatMessage, ChatSession
from gatewayz.database.deletion import delete_in_batches

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = 2_000
OTHERS = 4_000
MESSAGES = 5


def fill(user, sessions):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at) "
            "SELECT %s, 'T', 'm', true, now(), now() FROM generate_series(1, %s)",
            [user.pk, sessions],
        )
        cursor.execute(
            # With a place, or a trigger would look for one for each row.
            "INSERT INTO chat_messages "
            "(session_id, user_id, position, role, content, model, tokens, created_at) "
            "SELECT id, user_id, place, 'user', repeat('x', 500), '', 0, now() "
            "FROM chat_sessions, generate_series(1, %s) AS place WHERE user_id = %s",
            [MESSAGES, user.pk],
        )


@pytest.fixture
def others():
    """A user whose messages come before those of the user to erase."""
    other = User.objects.create_user("eve@example.com")
    fill(other, OTHERS)
    return other


def test_later_batches_of_an_erasure_read_no_more_than_the_first(others):
    user = User.objects.create_user("big@example.com")
    fill(user, SESSIONS)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_sessions, chat_messages")
    erasure.request_erasure(user.pk)
    blocks = []

    def explain(execute, sql, params, many, context):
        if sql.startswith('SELECT "chat_messages"."id"'):
            with connection.cursor() as cursor:
                execute_explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"
                cursor.execute(execute_explain, params)
                (found,) = cursor.fetchone()
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            if plan["Actual Rows"]:
                blocks.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        assert erasure.erase(user.pk)

    assert ChatSession.objects.count() == OTHERS
    assert ChatMessage.objects.count() == OTHERS * MESSAGES
    assert len(blocks) >= SESSIONS // 100
    assert max(blocks) < 2 * blocks[0]
    assert max(blocks) < 1_000


def test_a_run_that_ends_soon_has_deleted_sessions_and_not_only_messages():
    user = User.objects.create_user("big@example.com")
    fill(user, SESSIONS)
    erasure.request_erasure(user.pk)
    left = []

    def count(execute, sql, params, many, context):
        if sql.startswith('DELETE FROM "chat_sessions"'):
            left.append(ChatMessage.objects.filter(user=user).count())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        assert erasure.erase(user.pk)

    assert left[0] >= SESSIONS * MESSAGES / 2


def test_a_deletion_pauses_after_each_batch(monkeypatch):
    user = User.objects.create_user("big@example.com")
    fill(user, 10)
    pauses = []
    monkeypatch.setattr("gatewayz.database.deletion.time.sleep", pauses.append)

    rows = ChatMessage.objects.filter(user=user)
    assert delete_in_batches(rows, ends_at=float("inf"), batch_rows=10) == (10 * MESSAGES, True)

    assert len(pauses) >= MESSAGES
    assert min(pauses) > 0
