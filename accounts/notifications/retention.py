"""Deleting old notifications."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.background import TimedRun
from accounts.models import Notification
from gatewayz.database.deletion import delete_in_batches

BATCH_ROWS = 1_000


def prune_expired(after: int = 0) -> int:
    """Delete notifications older than NOTIFICATION_RETENTION_DAYS; runs every day.

    Notifications of key quotas stay: they keep the user from being notified again of a quota that
    may be used up for ever. All other causes have passed by then.

    Walks along the primary key from `after` on, since old rows come first. Returns how many were
    deleted; a run that cannot finish in time enqueues another. Raises django.db.Error.
    """
    if not settings.NOTIFICATION_RETENTION_DAYS:
        return 0
    before = timezone.now() - timedelta(days=settings.NOTIFICATION_RETENTION_DAYS)
    quotas = (Notification.Kind.QUOTA_WARNING, Notification.Kind.QUOTA_REACHED)
    of_key_quotas = Q(kind__in=quotas, cause__startswith="key:")
    run = TimedRun("accounts.notifications.retention.prune_expired")
    deleted = 0
    while run.left_seconds > 0:
        rows = Notification.objects.filter(pk__gt=after).order_by("pk")
        page = list(rows.values_list("pk", "created_at")[:BATCH_ROWS])
        old = [notification_id for notification_id, created_at in page if created_at < before]
        if not old:
            return deleted
        over = Notification.objects.filter(pk__in=old).exclude(of_key_quotas)
        gone, complete = delete_in_batches(over, ends_at=run.ends_at, batch_rows=BATCH_ROWS)
        deleted += gone
        if complete:
            after = page[-1][0]
    run.continue_later(after)
    return deleted
