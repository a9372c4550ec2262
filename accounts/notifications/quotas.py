"""Telling users that a quota is nearly or wholly used."""

from collections.abc import Collection

from accounts.models import ApiKey, Notification
from accounts.notifications.notices import Notice, tell

WARNING_PERCENT = 80


def tell_of_key_quotas(key_ids: Collection[int]) -> None:
    """Tell the owners of those keys of which 80 % or all of `max_requests` are used.

    It goes by what is used and not by what has just been added, so it may be called again, and
    what one call misses the next one finds. At most two statements.

    Raises django.db.Error.
    """
    keys = ApiKey.objects.filter(pk__in=key_ids).quota_used(WARNING_PERCENT)
    tell([_notice(key) for key in keys])


def _notice(key: ApiKey) -> Notice:
    limit = int(key.max_requests or 0)
    is_used_up = key.requests_used >= limit
    percent = 100 if is_used_up else WARNING_PERCENT
    return Notice(
        user_id=key.user_id,
        kind=Notification.Kind.QUOTA_REACHED if is_used_up else Notification.Kind.QUOTA_WARNING,
        # With another limit it is another quota.
        cause=f"key:{key.pk}:quota:{limit}:{percent}",
        details={
            "key_id": key.pk,
            "of_what": f'the API key "{key.key_name}"',
            "used": key.requests_used,
            "limit": limit,
            "percent": percent,
        },
    )
