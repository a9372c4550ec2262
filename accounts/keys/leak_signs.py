"""Signs that a key is in the wrong hands, over all keys, for operators."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, FloatField, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce

from accounts.models import ApiKeyDay, ApiKeyNetwork

COMPARED_DAYS = 7
# A spike is a day with at least SPIKE_REQUESTS, and more than SPIKE_FACTOR times the usual ones.
SPIKE_REQUESTS = 100
SPIKE_FACTOR = 5


def spikes(day: date) -> QuerySet[ApiKeyDay, Any]:
    """Return the keys with a spike on `day`: `api_key_id`, `that_day`, `usual`; worst first.

    `usual` is the average of the COMPARED_DAYS before. Reads every row of these days.
    """
    before = Sum("requests", filter=Q(day__lt=day), default=0)
    return (
        ApiKeyDay.objects.filter(day__gt=day - timedelta(days=COMPARED_DAYS + 1), day__lte=day)
        .values("api_key_id")
        .annotate(
            that_day=Sum("requests", filter=Q(day=day), default=0),
            usual=Cast(before, FloatField()) / COMPARED_DAYS,
        )
        .filter(that_day__gte=SPIKE_REQUESTS, that_day__gt=SPIKE_FACTOR * F("usual"))
        .order_by("-that_day")
    )


def new_networks(since: date) -> QuerySet[ApiKeyNetwork]:
    """Return the networks from which a key was first used since a day; newest first.

    Leaves out the first network of each key. `network_count` is how many the key has in all.
    """
    others = ApiKeyNetwork.objects.filter(api_key_id=OuterRef("api_key_id"))
    known = others.filter(Q(first_seen_on=None) | Q(first_seen_on__lt=OuterRef("first_seen_on")))
    counts = others.order_by().values("api_key_id").annotate(count=Count("network"))
    return (
        ApiKeyNetwork.objects.filter(first_seen_on__gte=since)
        .filter(Exists(known))
        .annotate(network_count=Coalesce(counts.values("count")[:1], 1))
        .order_by("-first_seen_on", "-api_key_id")
    )
