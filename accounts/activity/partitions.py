"""The partitions of the activity log: one for each week, made ahead and dropped when expired.

`activity_log_history` has the events from before the weeks, and `activity_log_default` takes those
of weeks that are missing, so that writing never stops. See migration 0046 for the functions.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

WEEK = timedelta(weeks=1)
WEEKS_AHEAD = 4

_WEEKS = """
SELECT to_date(right(relname, 10), 'YYYY_MM_DD') AS monday
FROM pg_inherits JOIN pg_class ON oid = inhrelid
WHERE inhparent = 'activity_log'::regclass AND relname ~ '_[0-9]{4}_[0-9]{2}_[0-9]{2}$'
ORDER BY monday
"""


def weeks() -> list[date]:
    """Return the Mondays of the weeks (UTC) that have a partition, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_WEEKS)
        return [monday for (monday,) in cursor.fetchall()]


def begin(monday: date) -> datetime:
    """Return the moment at which a week begins."""
    return datetime.combine(monday, time.min, UTC)


def add_weeks() -> int:
    """Make the partitions of the next WEEKS_AHEAD weeks; runs every day.

    Events of a week that were written before it had a partition are moved there.

    Returns how many were made. Raises django.db.Error when others hold the tables; those made
    before stay.
    """
    made = 0
    monday = weeks()[-1] + WEEK
    while begin(monday) <= timezone.now() + WEEKS_AHEAD * WEEK:
        _call("activity_log_add_week", monday)
        made += 1
        monday += WEEK
    return made


def drop_week(monday: date) -> int:
    """Drop the partition of a week, and its events from what the daily totals count as logged.

    Returns how many events it had. Raises django.db.Error when others hold the tables; nothing
    has changed then.
    """
    return int(_call("activity_log_drop_week", monday) or 0)


def _call(function: str, monday: date) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        # It takes as long as there are rows to move or to count; it waits for locks only briefly.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(f"SELECT {function}(%s)", [monday])
        (returned,) = cursor.fetchone()
    return returned
