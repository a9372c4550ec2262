"""Telling users that a key ends soon."""

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
    """Tell the owners of keys that end within 7 days, and again within 1 day; runs every hour.

    A key that was made to live no longer than that is not told of. `after` is the id of the last
    key looked at: a page of PAGE_ROWS keys that is full has another task go on. Two statements. A
    key with which it fails is noted, and the others' owners are told.

    Returns how many notifications are new.

    Raises django.db.Error, and redis.exceptions.RedisError when the next page cannot be queued.
    """
    now = timezone.now()
    ending = ApiKey.objects.active().expiring_between(
        now, now + timedelta(days=max(REMINDER_DAYS))
    )
    keys = list(ending.filter(pk__gt=after).order_by("pk")[:PAGE_ROWS])
    told = skipping_bad_rows(
        keys,
        lambda part: _tell(part, now),
        lambda key, error: failed_rows.record("expiring_keys", f"API key {key.pk}", error),
    )
    if len(keys) == PAGE_ROWS:
        background.enqueue(
            "accounts.notifications.expiring_keys.notify_of_expiring_keys", keys[-1].pk
        )
    return told


def _tell(keys: Sequence[ApiKey], now: datetime) -> int:
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
        # With another end it is another cause.
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
