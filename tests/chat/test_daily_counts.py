"""Counting the sessions and messages of each day."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django_q.models import Schedule

from chat.daily_counts import COUNTED_DAYS, count_days, counted_days
from chat.models import ChatDay, ChatMessage, ChatSession
from tests.days import today

pytestmark = pytest.mark.django_db


def chat(user, ago_days, messages):
    at = datetime.now(UTC) - timedelta(days=ago_days)
    session = ChatSession.objects.create(user=user, title="T", model="m", created_at=at)
    for _ in range(messages):
        ChatMessage.objects.create(session=session, role="user", content="x", created_at=at)


def test_counts_the_last_days_once_and_the_newest_two_again(user):
    for ago, messages in ((0, 2), (1, 1), (5, 3), (COUNTED_DAYS, 9)):
        chat(user, ago, messages)

    assert count_days() == COUNTED_DAYS
    chat(user, 0, 1)
    chat(user, 5, 1)
    assert count_days() == 2

    counted = {day: (sessions, messages) for day, sessions, messages in counted_days()}
    assert len(counted) == COUNTED_DAYS
    assert counted[today()] == (2, 3)
    assert counted[today() - timedelta(days=1)] == (1, 1)
    assert counted[today() - timedelta(days=5)] == (1, 3)
    assert sum(sessions for sessions, _ in counted.values()) == 4


def test_a_missed_day_is_counted_later(user):
    chat(user, 3, 1)
    count_days()
    ChatDay.objects.filter(day=today() - timedelta(days=3)).delete()

    assert count_days() == 3


def test_a_schedule_counts_the_days():
    schedule = Schedule.objects.get(name="count chats by day")

    assert (schedule.func, schedule.minutes) == ("chat.daily_counts.count_days", 10)


def test_a_day_is_read_by_its_index(user):
    session = ChatSession.objects.create(user=user, title="T", model="m")
    with connection.cursor() as cursor:
        # Without the search index, which is slow to build.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, columns, values in (
            (
                "chat_sessions (user_id, is_active, updated_at, title, model, created_at)",
                user.pk,
                "true, now(), repeat('t', 250), repeat('m', 250)",
            ),
            (
                "chat_messages (session_id, role, model, tokens, content, created_at)",
                session.pk,
                "'user', '', 0, repeat('x', 1000)",
            ),
        ):
            cursor.execute(
                f"INSERT INTO {table} SELECT {columns}, {values}, now() - n * interval '2 minutes'"  # noqa: S608
                " FROM generate_series(20000, 1, -1) AS n"
            )
        cursor.execute("ANALYZE chat_sessions, chat_messages")
        # All of these messages are of one session, whose index lists them in their order.
        cursor.execute("SET LOCAL enable_indexscan = off")

    day = {
        "created_at__gte": datetime.now(UTC) - timedelta(days=9),
        "created_at__lt": datetime.now(UTC) - timedelta(days=8),
    }

    assert "idx_chat_sessions_created" in ChatSession.objects.filter(**day).explain()
    assert "idx_chat_messages_created" in ChatMessage.objects.filter(**day).explain()
