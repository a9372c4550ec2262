"""Usage of plans and environments, from the daily totals."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Q, Sum

from accounts.models import ActivityDay, ApiKey, ApiKeyDay, Plan
from accounts.principals.principal import Principal


def plan_usage(user_id: int, plan: Plan) -> dict[str, dict[str, Any]]:
    """Return a user's usage of today and this month (UTC) beside the limits of `plan`, by the
    contract's names.

    One statement over the activity log's daily totals. The limits themselves count every request,
    and their days slide. Where there is no limit, what remains is None.
    """
    today = datetime.now(UTC).date()
    days = ActivityDay.objects.filter(user_id=user_id).in_days(today.replace(day=1), today)
    used = days.aggregate(
        daily_requests=Sum("requests", filter=Q(day=today), default=0),
        daily_tokens=Sum("tokens", filter=Q(day=today), default=0),
        monthly_requests=Sum("requests", default=0),
        monthly_tokens=Sum("tokens", default=0),
    )
    usage = {name: int(number) for name, number in used.items()}
    limits = {
        "daily_requests": plan.daily_request_limit,
        "daily_tokens": plan.daily_token_limit,
        "monthly_requests": plan.monthly_request_limit,
        "monthly_tokens": plan.monthly_token_limit,
    }
    return {
        "usage": usage,
        "limits": limits,
        "remaining": {
            name: None if limit is None else max(0, limit - usage[name])
            for name, limit in limits.items()
        },
        "at_limit": {
            name: limit is not None and usage[name] >= limit for name, limit in limits.items()
        },
    }


def storage_usage(limit_bytes: int | None, used_bytes: int) -> dict[str, Any]:
    """Return the stored bytes beside the limit of a plan, by the names of the API."""
    return {
        "used_bytes": used_bytes,
        "limit_bytes": limit_bytes,
        "remaining_bytes": None if limit_bytes is None else max(0, limit_bytes - used_bytes),
        "at_limit": limit_bytes is not None and used_bytes >= limit_bytes,
    }


def environment_usage(owner: Principal) -> dict[str, dict[str, int | float]]:
    """Return the usage of each environment's keys, in total and this month (UTC).

    Two statements. `total_max_requests` sums up the keys that have that limit; cost is in US
    dollars.
    """
    keys = (
        ApiKey.objects.owned_by(owner)
        .values("environment_tag")
        .annotate(
            key_count=Count("id"),
            total_requests=Sum("requests_used"),
            total_max_requests=Sum("max_requests", default=0),
        )
        .order_by("environment_tag")
    )
    month_begins = datetime.now(UTC).date().replace(day=1)
    days = (
        ApiKeyDay.objects.filter(api_key__user_id=owner.user_id, day__gte=month_begins)
        .values_list("api_key__environment_tag")
        .annotate(Sum("requests"), Sum("tokens"), Sum("spend"))
    )
    months = {tag: (requests, tokens, spend) for tag, requests, tokens, spend in days}
    usage = {}
    for row in keys:
        requests, tokens, spend = months.get(row["environment_tag"], (0, 0, 0))
        usage[row["environment_tag"]] = {
            "key_count": row["key_count"],
            "total_requests": int(row["total_requests"]),
            "total_max_requests": int(row["total_max_requests"]),
            "monthly_requests": int(requests),
            "monthly_tokens": int(tokens),
            "monthly_cost": float(spend),
        }
    return usage
