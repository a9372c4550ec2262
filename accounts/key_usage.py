"""What keys were used for."""

from django.db.models import Expression, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone

from accounts.models import ApiKeyDay
from accounts.models.api_keys import ApiKeyQuerySet


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
