"""Notifying users of keys that expire soon."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from accounts import background
from accounts.background import failed_rows
from accounts.models import ApiKey, Notification
from accounts.notifications.notices import Notice, notify
from gatewayz.database.bad_rows import skipping_bad_rows

REMINDER_DAYS = (1, 7)
PAGE_ROWS = 1_000


def notify_of_expiring_keys(after: int = 0) -> int:
    """Notify owners of keys that expire within 7 days, and again within 1 day; runs every hour.

    Keys that were created with a shorter life are left out. `after` is the id of the last key
    looked at; when a page of PAGE_ROWS keys is full, another task continues. Two statements. A key
    that causes an error is recorded, and the other owners are notified.

    Returns how many notifications were created.

    Raises django.db.Error, and redis.exceptions.RedisError when the next page cannot be queued.
    """
    now = timezone.now()
    expiring = ApiKey.objects.active().expiring_between(
        now, now + timedelta(days=max(REMINDER_DAYS))
    )
    keys = list(expiring.filter(pk__gt=after).order_by("pk")[:PAGE_ROWS])
    notified = skipping_bad_rows(
        keys,
        lambda part: _notify(part, now),
        lambda key, error: failed_rows.record("expiring_keys", f"API key {key.pk}", error),
    )
    if len(keys) == PAGE_ROWS:
        background.enqueue(
            "accounts.notifications.expiring_keys.notify_of_expiring_keys", keys[-1].pk
        )
    return notified


def _notify(keys: Sequence[ApiKey], now: datetime) -> int:
    notices = (_notice(key, now) for key in keys)
    return len(notify([notice for notice in notices if notice is not None]))


def _notice(key: ApiKey, now: datetime) -> Notice | None:
    ends_at = key.expiration_date
    if ends_at is None:
        return None
    ends_at = ends_at.astimezone(UTC)
    days = next(days for days in REMINDER_DAYS if ends_at - now <= timedelta(days=days))
    if ends_at - key.created_at <= timedelta(days=days):
        return None
    return Notice(
        user_id=key.user_id,
        kind=Notification.Kind.KEY_EXPIRING,
        # A changed expiration date is a new cause.
        cause=f"key:{key.pk}:expires:{ends_at.isoformat()}:{days}d",
        details={
            "key_id": key.pk,
            "key_name": key.key_name,
            "masked_key": key.masked,
            "expiration_date": ends_at.isoformat(),
            "ends_on": ends_at.date().isoformat(),
            "ends_at_time": ends_at.strftime("%H:%M"),
        },
    )
