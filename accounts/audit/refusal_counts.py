"""How often keys were refused, for the operators' picture of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

HOURS = 24
# Of each reason. There is at most one entry per key and hour.
_READ_ENTRIES = 2_000

_PER_HOUR = """
SELECT date_trunc('hour', newest.created_at, 'UTC'), count(*)
FROM unnest(%s::text[]) AS wanted (action)
CROSS JOIN LATERAL (
    SELECT created_at FROM audit_log
    WHERE audit_log.action = wanted.action ORDER BY id DESC LIMIT %s
) AS newest
WHERE newest.created_at >= %s
GROUP BY 1
"""


def refusals_per_hour(reasons: Sequence[str]) -> list[tuple[datetime, int]]:
    """The last HOURS hours, oldest first, and how many keys were refused for these `reasons`.

    One statement, which reads a bounded number of entries (idx_audit_log_action).
    """
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=ago) for ago in reversed(range(HOURS))]
    with connection.cursor() as cursor:
        actions = [f"refused_{reason}" for reason in reasons]
        cursor.execute(_PER_HOUR, [actions, _READ_ENTRIES, hours[0]])
        counted = dict(cursor.fetchall())
    return [(hour, counted.get(hour, 0)) for hour in hours]
