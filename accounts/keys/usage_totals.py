"""What keys were used for."""

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
    """Set `requests_used` of those of one user's `keys` that have `max_requests` to what counts.

    The database has the requests that are in the activity log; the limits count every one, in
    Redis. One round trip, and none when no key is limited. Without Redis it stays as it is.
    """
    limited = [key for key in keys if key.max_requests is not None]
    if not limited:
        return
    try:
        used = usage_of_keys(limited[0].user_id, [key.pk for key in limited])
    except RedisError as error:
        logger.warning("The limits do not answer: showing what is in the log: %s", error)
        return
    for key in limited:
        key.requests_used = max(key.requests_used, used[key.pk].total_requests)


def with_usage(keys: ApiKeyQuerySet) -> ApiKeyQuerySet:
    """The same keys, each with `used`: what is added up of its days, in all and today (UTC).

    An object of `requests`, `tokens`, `spend` (US dollars) and the same names with `_today`;
    None for a key that was never used. It is read for the keys of the page only.
    """
    today = Q(day=timezone.now().date())
    sums: dict[str, Expression] = {}
    for name in ("requests", "tokens", "spend"):
        sums[name] = Sum(name)
        sums[f"{name}_today"] = Coalesce(Sum(name, filter=today), 0 * Sum(name))
    days = ApiKeyDay.objects.filter(api_key_id=OuterRef("pk")).order_by().values("api_key_id")
    return keys.annotate(used=Subquery(days.annotate(sums=JSONObject(**sums)).values("sums")))
