"""Notifying users of quotas that are nearly or completely used."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import connection

from accounts.models import ApiKey, Notification
from accounts.notifications.notices import Notice, notify

WARNING_PERCENT = 80


def notify_of_key_quotas(key_ids: Collection[int]) -> int:
    """Notify owners of keys that have used 80 % or all of their `max_requests`.

    It compares totals instead of increments, so it may be called again, and the next call finds
    what one has missed. At most two statements. Returns how many notifications were created.

    Raises django.db.Error.
    """
    keys = ApiKey.objects.filter(pk__in=key_ids).quota_used(WARNING_PERCENT)
    return len(notify([_key_notice(key) for key in keys]))


def notify_of_plan_quotas(user_ids: Collection[int]) -> int:
    """Do the same for the monthly requests (UTC) of the users' plans.

    Raises django.db.Error.
    """
    month = datetime.now(UTC).date().replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(
            _PLANS_NEARLY_USED,
            {"users": list(user_ids), "month": month, "percent": WARNING_PERCENT},
        )
        rows = cursor.fetchall()
    return len(notify([_plan_notice(month, *row) for row in rows]))


# The primary key of the daily totals begins with user and day. A limit of NULL means no limit.
# Numeric arithmetic does not overflow, so one user's numbers cannot fail the statement for all.
_PLANS_NEARLY_USED = """
SELECT users.id, plans.id, plans.name, plans.monthly_request_limit, used.requests
FROM users
JOIN plans ON plans.id = users.plan_id
CROSS JOIN LATERAL (
    SELECT sum(usage.requests) AS requests
    FROM activity_daily AS usage
    WHERE usage.user_id = users.id AND usage.day >= %(month)s
) AS used
WHERE users.id = ANY (%(users)s)
    AND plans.monthly_request_limit > 0
    AND used.requests * 100 >= plans.monthly_request_limit::numeric * %(percent)s
"""


def _key_notice(key: ApiKey) -> Notice:
    return _notice(
        key.user_id,
        f"key:{key.pk}:quota",
        of_what=f'the API key "{key.key_name}"',
        used=key.requests_used,
        limit=int(key.max_requests or 0),
    )


def _plan_notice(
    month: date, user_id: int, plan_id: int, plan_name: str, limit: int, used: Decimal
) -> Notice:
    return _notice(
        user_id,
        f"plan:{plan_id}:quota:{month:%Y-%m}",
        of_what=f"the plan {plan_name} in {month:%B %Y}",
        used=int(used),
        limit=limit,
    )


def _notice(user_id: int, quota: str, *, of_what: str, used: int, limit: int) -> Notice:
    is_used_up = used >= limit
    percent = 100 if is_used_up else WARNING_PERCENT
    return Notice(
        user_id=user_id,
        kind=Notification.Kind.QUOTA_REACHED if is_used_up else Notification.Kind.QUOTA_WARNING,
        # A changed limit is a new cause.
        cause=f"{quota}:{limit}:{percent}",
        details={"of_what": of_what, "used": used, "limit": limit, "percent": percent},
    )
