"""How many sessions and messages each day has: counted by a worker, for pictures of them.

A count of the tables themselves would make the page that shows it slower with every message.
"""

from datetime import UTC, date, datetime, timedelta

from django.db import connection

from chat.models import ChatDay

COUNTED_DAYS = 30

# Sessions and messages by their own time, which imported ones bring along.
_COUNT = """
INSERT INTO chat_daily (day, sessions, messages)
SELECT %(day)s,
    (SELECT count(*) FROM chat_sessions WHERE created_at >= %(start)s AND created_at < %(end)s),
    (SELECT count(*) FROM chat_messages WHERE created_at >= %(start)s AND created_at < %(end)s)
ON CONFLICT (day) DO UPDATE SET sessions = EXCLUDED.sessions, messages = EXCLUDED.messages
"""


def count_days() -> int:
    """Count today and yesterday (UTC) anew, and those of the last COUNTED_DAYS never counted.

    One statement a day, which reads that day's rows (idx_chat_sessions_created,
    idx_chat_messages_created). A day keeps what it had at the end of the next one. Returns how
    many days were counted. Run by a schedule.
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
    """Day, sessions and messages of the last COUNTED_DAYS that were counted, oldest first."""
    newest = ChatDay.objects.order_by("-day").values_list("day", "sessions", "messages")
    return list(newest[:COUNTED_DAYS])[::-1]
