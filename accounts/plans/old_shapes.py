"""Fields that clients of the old service expect in plans. See gatewayz.api.old_shapes."""

from datetime import datetime
from typing import Any

from gatewayz.api.old_shapes import OldShape, numbers, status

# Plans do not end, but old clients parse a date here.
NEVER = "9999-12-31T23:59:59+00:00"

_LIMITS = (
    "daily_request_limit",
    "monthly_request_limit",
    "daily_token_limit",
    "monthly_token_limit",
)


def user_plan(user_id: int, since: datetime) -> OldShape:
    """The plan of a user, who signed up at `since`."""

    def shape(plan: dict[str, Any]) -> dict[str, Any]:
        same = (
            "plan_type",
            "price_per_month",
            "yearly_price",
            "price_per_token",
            "is_pay_as_you_go",
            "features",
        )
        limits = {name: plan[name] for name in (*_LIMITS, "max_concurrent_requests")}
        return {
            **status(),
            **{name: plan[name] for name in same},
            **numbers(limits),
            "user_plan_id": plan["id"],
            "user_id": user_id,
            "plan_id": plan["id"],
            "plan_name": plan["name"],
            "plan_description": plan["description"],
            "start_date": since,
            "end_date": NEVER,
            "is_active": True,
        }

    return shape


def usage(data: dict[str, Any]) -> dict[str, Any]:
    """The usage, where the limits have the plan's names too."""
    limits = numbers(data["limits"])
    old_names = {
        f"{window}_{what}_limit": limits[f"{window}_{what}s"]
        for window in ("daily", "monthly")
        for what in ("request", "token")
    }
    return {
        **status(),
        **data,
        "limits": {**limits, **old_names},
        "remaining": numbers(data["remaining"]),
    }


def entitlements(data: dict[str, Any]) -> dict[str, Any]:
    """The entitlements, where limits are always numbers."""
    limits = {name: data[name] for name in _LIMITS}
    return {**status(), **data, **numbers(limits), "plan_expires": None, "plan_expired": False}


def bare(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan as the old service gave it: without an envelope, its limits numbers."""
    named = ("max_concurrent_requests", *_LIMITS)
    return {**plan, **numbers({name: plan[name] for name in named})}
