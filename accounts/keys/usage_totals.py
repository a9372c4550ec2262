"""Totals of what keys were used for: requests, tokens and spend."""

import logging
from collections.abc import Sequence

from django.db.models import Expression, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.limits.store import usage_of_keys
from accounts.models import ApiKey, ApiKeyDay
from accounts.models.api_keys import ApiKeyQuerySet

logger = logging.getLogger(__name__)


def set_enforced_counts(keys: Sequence[ApiKey]) -> None:
    """Set `requests_used` of keys that have `max_requests` to the count that the limits enforce.

    The database counts the requests in the activity log; the limits count every request, in Redis.
    The keys must belong to one user. One round trip, or none when no key is limited. Without Redis
    the count of the database stays.
    """
    limited = [key for key in keys if key.max_requests is not None]
    if not limited:
        return
    try:
        used = usage_of_keys(limited[0].user_id, [key.pk for key in limited])
    except RedisError as error:
        logger.warning("Redis did not answer the limits: showing the count of the log: %s", error)
        return
    for key in limited:
        key.requests_used = max(key.requests_used, used[key.pk].total_requests)


def with_usage(keys: ApiKeyQuerySet) -> ApiKeyQuerySet:
    """Annotate each key with `used`: its daily totals summed up, overall and for today (UTC).

    `used` is an object with `requests`, `tokens`, `spend` (US dollars) and the same names with
    `_today`; None for a key that was never used. Only the keys of a page are summed up.
    """
    today = Q(day=timezone.now().date())
    sums: dict[str, Expression] = {}
    for name in ("requests", "tokens", "spend"):
        sums[name] = Sum(name)
        sums[f"{name}_today"] = Coalesce(Sum(name, filter=today), 0 * Sum(name))
    days = ApiKeyDay.objects.filter(api_key_id=OuterRef("pk")).order_by().values("api_key_id")
    return keys.annotate(used=Subquery(days.annotate(sums=JSONObject(**sums)).values("sums")))
