"""Counting the sessions and messages of each day."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import psycopg
import pytest
from django.db import OperationalError, connection
from django_q.models import Schedule

from accounts.background import TimedRun, timed_run
from chat import daily_counts
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


class _Statements:
    """The slices that are counted; statements that would count more than `most` rows time out."""

    def __init__(self, most):
        self.most = most
        self.slices = []

    def __call__(self, execute, sql, params, many, context):
        if sql.lstrip().startswith("SELECT\n    (SELECT count(*)"):
            of_slice = {"created_at__gte": params["start"], "created_at__lt": params["end"]}
            if ChatMessage.objects.filter(**of_slice).count() > self.most:
                raise OperationalError from psycopg.errors.QueryCanceled()
            self.slices.append((params["start"], params["end"]))
        return execute(sql, params, many, context)


@pytest.fixture
def busy_day(user):
    """Yesterday's beginning; 48 messages were written then, half of them within a minute."""
    start = datetime.combine(today() - timedelta(days=1), time(0), UTC)
    session = ChatSession.objects.create(user=user, title="T", model="m", created_at=start)
    for number in range(48):
        at = timedelta(hours=number) if number < 24 else timedelta(hours=9, seconds=number)
        ChatMessage.objects.create(
            session=session, role="user", content="x", created_at=start + at
        )
    return start


def assert_complete(slices, start):
    """The slices of a day follow one another, from its beginning to its end."""
    of_day = [one for one in slices if start <= one[0] < start + timedelta(days=1)]
    assert of_day[0][0] == start
    assert of_day[-1][1] == start + timedelta(days=1)
    assert all(one[1] == other[0] for one, other in pairwise(of_day))


def test_a_busy_day_is_counted_in_slices(busy_day, monkeypatch):
    monkeypatch.setattr(daily_counts, "SLICE_ROWS", 6)
    for _ in range(2):
        statements = _Statements(most=12)
        with connection.execute_wrapper(statements):
            count_days()

        assert_complete(statements.slices, busy_day)
        assert {day: its for day, *its in counted_days()}[busy_day.date()] == [1, 48]


def test_a_run_goes_on_where_the_last_one_stopped(busy_day, monkeypatch):
    monkeypatch.setattr(daily_counts, "SLICE_ROWS", 6)
    count_days()
    later = []
    statements = _Statements(most=48)
    with monkeypatch.context() as patched, connection.execute_wrapper(statements):
        # So that each run counts one slice.
        patched.setattr(timed_run, "RUN_SECONDS", 0)
        patched.setattr(TimedRun, "continue_later", lambda _run, *at: later.append(at))
        done = count_days()
        while later:
            done += count_days(*later.pop())

    assert done == 2
    assert_complete(statements.slices, busy_day)
    assert len(statements.slices) > 5
    assert {day: its for day, *its in counted_days()}[busy_day.date()] == [1, 48]


def test_a_statement_that_never_ends_in_time_is_an_error(busy_day, monkeypatch):
    monkeypatch.setattr(timed_run, "RUN_SECONDS", 0)
    with connection.execute_wrapper(_Statements(most=-1)), pytest.raises(OperationalError):
        count_days()


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
