"""Daily counts of sessions and messages, which a worker updates for the admin's charts.

Counting the tables when the page is shown would get slower with every message.
"""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.db import OperationalError, connection

from accounts.background import TimedRun
from chat.models import ChatDay
from gatewayz.database.bad_rows import is_late

COUNTED_DAYS = 30
# How many rows of a table one statement should count: below a second in memory.
SLICE_ROWS = 1_000_000

_DAY = timedelta(days=1)
_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)

# By each row's own creation time, which may be earlier than its import.
_COUNT = """
SELECT
    (SELECT count(*) FROM chat_sessions WHERE created_at >= %(start)s AND created_at < %(end)s),
    (SELECT count(*) FROM chat_messages WHERE created_at >= %(start)s AND created_at < %(end)s)
"""


def count_days(position: int = 0, sessions: int = 0, messages: int = 0) -> int:
    """Count today and yesterday (UTC) again, and days of the last COUNTED_DAYS not yet counted.

    Reads the rows of those days (idx_chat_sessions_created, idx_chat_messages_created), at most
    about SLICE_ROWS per statement. A day's count is final after the next day. Runs every 10
    minutes; a run that cannot finish in time enqueues another, which goes on from `position`, in
    microseconds since 1970, with what was counted of that day. Returns how many days were counted.
    """
    run = TimedRun("chat.daily_counts.count_days")
    begun = _FIRST_TIME + timedelta(microseconds=position)
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=ago) for ago in range(COUNTED_DAYS)]
    known = {
        one.day: max(one.sessions, one.messages) for one in ChatDay.objects.filter(day__in=days)
    }
    due = {*days} - known.keys() | {today, today - _DAY}
    done = 0
    for day in sorted(one for one in due if one >= begun.date()):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if day != begun.date():
            begun, sessions, messages = start, 0, 0
        expected = known.get(day) or known.get(day - _DAY, 0)
        for until, *found in _counts(begun, start + _DAY, expected, run.ends_at):
            sessions, messages = sessions + found[0], messages + found[1]
            if run.left_seconds <= 0 and until < start + _DAY:
                run.continue_later(
                    (until - _FIRST_TIME) // timedelta.resolution, sessions, messages
                )
                return done
        ChatDay.objects.update_or_create(
            day=day, defaults={"sessions": sessions, "messages": messages}
        )
        known[day] = max(sessions, messages)
        done += 1
    return done


def _counts(
    start: datetime, end: datetime, expected: int, ends_at: float
) -> Iterator[tuple[datetime, int, int]]:
    """Count slice by slice. Yields the end of a slice, and its numbers of sessions and messages.

    `expected` is about how many rows a whole day has. A statement that exceeds its time-out is
    repeated for half of the time; its error is raised after `ends_at` (monotonic).
    """
    length = _DAY * min(1, SLICE_ROWS / max(1, expected))
    while start < end:
        until = min(start + length, end)
        try:
            with connection.cursor() as cursor:
                cursor.execute(_COUNT, {"start": start, "end": until})
                sessions, messages = cursor.fetchone()
        except OperationalError as error:
            if not is_late(error) or time.monotonic() >= ends_at:
                raise
            length = max(length / 2, timedelta.resolution)
            continue
        yield until, sessions, messages
        start = until
        ratio = min(2, SLICE_ROWS / max(1, sessions, messages))
        length = min(_DAY, max(length * ratio, timedelta.resolution))


def counted_days() -> list[tuple[date, int, int]]:
    """Return day, sessions and messages of the last COUNTED_DAYS counted days, oldest first."""
    newest = ChatDay.objects.order_by("-day").values_list("day", "sessions", "messages")
    return list(newest[:COUNTED_DAYS])[::-1]
