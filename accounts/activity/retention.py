"""Deleting old events from the activity log. The daily totals stay.

A week is dropped as a whole when its last event has expired, so its first one is kept up to a
week longer. Events in no week, such as those from before the log was partitioned, are deleted row
by row.
"""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.activity import partitions
from accounts.background import TimedRun
from accounts.models import ActivityEvent
from gatewayz.database.bad_rows import is_caused_by_rows

logger = logging.getLogger(__name__)

BATCH_ROWS = 5_000

# Walks along the primary key. Events are written roughly in time order, so old ones come first,
# and no index on the time is needed, which every write would have to maintain.
_PRUNE = """
WITH page AS (
    SELECT max(id) AS last
    FROM (
        SELECT id FROM activity_log
        WHERE id > %(after)s AND "timestamp" < %(weeks_begin)s
        ORDER BY id LIMIT %(rows)s
    ) AS rows
), pruned AS (
    DELETE FROM activity_log
    WHERE id > %(after)s AND id <= (SELECT last FROM page) AND "timestamp" < %(before)s
    RETURNING user_id, ("timestamp" AT TIME ZONE 'UTC')::date AS day, model, provider
), counted AS (
    UPDATE activity_daily AS usage
    SET logged = usage.logged - gone.events
    FROM (
        SELECT user_id, day, model, provider, count(*) AS events
        FROM pruned
        GROUP BY user_id, day, model, provider
    ) AS gone
    WHERE (usage.user_id, usage.day, usage.model, usage.provider)
        = (gone.user_id, gone.day, gone.model, gone.provider)
)
SELECT (SELECT count(*) FROM pruned), (SELECT last FROM page)
"""


def prune(before: datetime, *, ends_at: float = float("inf")) -> tuple[int, bool]:
    """Delete the events of the weeks that ended before a time, and those in no week before it.

    The latter are deleted from the oldest row on, at most BATCH_ROWS per transaction, until a
    batch holds no old event. A batch that fails because of a row is halved; an event that cannot
    be deleted is logged and skipped. Stops at `ends_at` (monotonic).

    Returns how many events were deleted, and whether that was all.

    Raises django.db.Error; what was deleted before stays deleted.
    """
    deleted = _drop_weeks(before, ends_at)
    weeks_begin = partitions.begin(partitions.weeks()[0])
    before = min(before, weeks_begin)
    after, size = 0, BATCH_ROWS
    while time.monotonic() < ends_at:
        try:
            pruned, last = _prune_page(after, before, weeks_begin, size)
        except DatabaseError as error:
            if not is_caused_by_rows(error):
                raise
            if size > 1:
                size //= 2
                continue
            older = ActivityEvent.objects.filter(timestamp__lt=weeks_begin)
            after = older.filter(pk__gt=after).order_by("pk")[:1].get().pk
            logger.exception("Could not delete activity event %d", after)
            size = BATCH_ROWS
            continue
        if not pruned:
            return deleted, True
        deleted += pruned
        after = last
    return deleted, False


def _drop_weeks(before: datetime, ends_at: float) -> int:
    """Drop the weeks that ended before a time. Returns how many events they had."""
    deleted = 0
    # The newest stays, since the next ones follow it.
    for monday in partitions.weeks()[:-1]:
        has_expired = partitions.begin(monday + partitions.WEEK) <= before
        if not has_expired or time.monotonic() >= ends_at:
            break
        deleted += partitions.drop_week(monday)
    return deleted


def _prune_page(after: int, before: datetime, weeks_begin: datetime, size: int) -> tuple[int, int]:
    """Delete the old events among the next `size`. Returns how many, and the id of the last."""
    with connection.cursor() as cursor:
        cursor.execute(
            _PRUNE,
            {"after": after, "before": before, "weeks_begin": weeks_begin, "rows": size},
        )
        pruned, last = cursor.fetchone()
    return pruned, last


def prune_expired() -> int:
    """Delete events older than ACTIVITY_RETENTION_DAYS, by `prune`; runs every hour.

    Returns how many this run deleted. A run that cannot finish in time enqueues another.
    """
    if not settings.ACTIVITY_RETENTION_DAYS:
        return 0
    before = timezone.now() - timedelta(days=settings.ACTIVITY_RETENTION_DAYS)
    run = TimedRun("accounts.activity.retention.prune_expired")
    deleted, complete = prune(before, ends_at=run.ends_at)
    if not complete:
        run.continue_later()
    return deleted
