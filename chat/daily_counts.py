"""Daily counts of sessions and messages, which a worker updates for the admin's charts.

Counting the tables when the page is shown would get slower with every message.
"""

from datetime import UTC, date, datetime, timedelta

from django.db import connection

from chat.models import ChatDay

COUNTED_DAYS = 30

# By each row's own creation time, which may be earlier than its import.
_COUNT = """
INSERT INTO chat_daily (day, sessions, messages)
SELECT %(day)s,
    (SELECT count(*) FROM chat_sessions WHERE created_at >= %(start)s AND created_at < %(end)s),
    (SELECT count(*) FROM chat_messages WHERE created_at >= %(start)s AND created_at < %(end)s)
ON CONFLICT (day) DO UPDATE SET sessions = EXCLUDED.sessions, messages = EXCLUDED.messages
"""


def count_days() -> int:
    """Count today and yesterday (UTC) again, and days of the last COUNTED_DAYS not yet counted.

    One statement per day, which reads that day's rows (idx_chat_sessions_created,
    idx_chat_messages_created). A day's count is final after the next day. Returns how many days
    were counted. Runs every 10 minutes.
    """
    today = datetime.now(UTC).date()
    days = {today - timedelta(days=ago) for ago in range(COUNTED_DAYS)}
    known = set(ChatDay.objects.filter(day__in=days).values_list("day", flat=True))
    due = (days - known) | {today, today - timedelta(days=1)}
    with connection.cursor() as cursor:
        for day in sorted(due):
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            bounds = {"day": day, "start": start, "end": start + timedelta(days=1)}
            cursor.execute(_COUNT, bounds)
    return len(due)


def counted_days() -> list[tuple[date, int, int]]:
    """Return day, sessions and messages of the last COUNTED_DAYS counted days, oldest first."""
    newest = ChatDay.objects.order_by("-day").values_list("day", "sessions", "messages")
    return list(newest[:COUNTED_DAYS])[::-1]
