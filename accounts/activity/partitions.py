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

_COUNT_OUT = """
WITH counted AS (
    SELECT user_id, day, model, provider, logged FROM activity_daily
    WHERE day = %s AND logged <> 0
    FOR UPDATE
), updated AS (
    UPDATE activity_daily AS usage SET logged = 0 FROM counted
    WHERE (usage.user_id, usage.day, usage.model, usage.provider)
        = (counted.user_id, counted.day, counted.model, counted.provider)
)
SELECT sum(logged) FROM counted
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
    """Make the partitions of the next WEEKS_AHEAD weeks; runs every hour.

    Events of a week that were written before it had a partition are moved there.

    Returns how many were made. Raises django.db.Error when others hold the tables; those made
    before stay.
    """
    made = 0
    monday = weeks()[-1] + WEEK
    while begin(monday) <= timezone.now() + WEEKS_AHEAD * WEEK:
        _call("SELECT activity_log_add_week(%s)", monday)
        made += 1
        monday += WEEK
    return made


def drop_week(monday: date) -> int:
    """Drop the partition of a week, and its events from what the daily totals count as logged.

    The counts go first, day by day, each in a transaction of its own, so that a run that is
    interrupted can be repeated. Returns how many events were counted. Raises django.db.Error when
    others hold the tables; the week is then still there.
    """
    days = [monday + timedelta(days=after) for after in range(7)]
    counted = sum(_call(_COUNT_OUT, day) or 0 for day in days)
    return int(counted + _call("SELECT activity_log_drop_week(%s)", monday))


def _call(sql: str, day: date) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        # It takes as long as there are rows to move or to count; it waits for locks only briefly.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(sql, [day])
        (returned,) = cursor.fetchone()
    return returned
