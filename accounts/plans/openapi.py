"""OpenAPI descriptions of plans, applied to the views as decorators."""

from datetime import UTC, datetime

from rest_framework import serializers

from accounts.plans import old_shapes
from accounts.plans.serializers import (
    Entitlements,
    EntitlementsInput,
    EnvironmentUsage,
    PlanSerializer,
    PlanUsage,
)
from gatewayz.api.openapi import Shape, described, listed
from gatewayz.api.paging import PageInput

_PLAN = {
    "id": 1,
    "name": "Free",
    "description": "For trying things out and for single users.",
    "plan_type": "free",
    "requests_per_minute": None,
    "requests_per_hour": None,
    "daily_request_limit": 100_000,
    "monthly_request_limit": 1_000_000,
    "tokens_per_minute": None,
    "tokens_per_hour": None,
    "daily_token_limit": 10_000_000,
    "monthly_token_limit": 100_000_000,
    "price_per_month": 0.0,
    "yearly_price": None,
    "price_per_token": None,
    "is_pay_as_you_go": False,
    "max_concurrent_requests": None,
    "max_storage_bytes": 10_000_000_000,
    "features": ["chat_history", "search"],
    "is_active": True,
}
_USAGE = {
    "plan_name": "Free",
    "usage": {
        "daily_requests": 40,
        "daily_tokens": 9_000,
        "monthly_requests": 900,
        "monthly_tokens": 200_000,
    },
    "limits": {
        "daily_requests": 100_000,
        "daily_tokens": 10_000_000,
        "monthly_requests": 1_000_000,
        "monthly_tokens": None,
    },
    "remaining": {
        "daily_requests": 99_960,
        "daily_tokens": 9_991_000,
        "monthly_requests": 999_100,
        "monthly_tokens": None,
    },
    "at_limit": {
        "daily_requests": False,
        "daily_tokens": False,
        "monthly_requests": False,
        "monthly_tokens": False,
    },
    "storage": {
        "used_bytes": 5_000_000,
        "limit_bytes": 10_000_000_000,
        "remaining_bytes": 9_995_000_000,
        "at_limit": False,
    },
}
_ENTITLEMENTS = {
    "has_plan": True,
    "plan_name": "Free",
    "daily_request_limit": 100_000,
    "monthly_request_limit": 1_000_000,
    "daily_token_limit": 10_000_000,
    "monthly_token_limit": 100_000_000,
    "features": ["chat_history", "search"],
    "can_access_feature": True,
}
_ENVIRONMENTS = {
    "live": {
        "key_count": 2,
        "total_requests": 900,
        "total_max_requests": 10_000,
        "monthly_requests": 120,
        "monthly_tokens": 40_000,
        "monthly_cost": 0.25,
    }
}

list_plans = listed(
    "List the plans on offer",
    name="listPlans",
    query=PageInput,
    answer=Shape(PlanSerializer, _PLAN),
    public=True,
)
get_plan = described(
    "Read a plan", name="getPlan", answer=Shape(PlanSerializer, _PLAN), public=True
)
get_user_plan = described(
    "Read your plan",
    name="getUserPlan",
    old=old_shapes.user_plan(user_id=7, since=datetime(2026, 3, 1, tzinfo=UTC)),
    answer=Shape(PlanSerializer, _PLAN),
)
get_plan_usage = described(
    "Read how much of your plan is used, today and this month",
    name="getPlanUsage",
    answer=Shape(PlanUsage, _USAGE),
    old=old_shapes.usage,
)
get_entitlements = described(
    "Check whether your plan includes a feature",
    name="getEntitlements",
    query=EntitlementsInput,
    answer=Shape(Entitlements, _ENTITLEMENTS),
    old=old_shapes.entitlements,
)
get_environment_usage = described(
    "Show the usage of the keys of each environment",
    name="getEnvironmentUsage",
    answer=Shape(serializers.DictField(child=EnvironmentUsage()), _ENVIRONMENTS),
    old=("status", "user_id", "environment_usage"),
)
