"""OpenAPI descriptions of rate limits, applied to the views as decorators."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.key_limits import old_shapes
from accounts.key_limits.serializers import (
    KeyRateLimits,
    RateLimitInput,
    RateLimits,
    WindowInput,
)
from gatewayz.api.openapi import Shape, described, listed
from gatewayz.api.paging import PageInput

_LIMITS = {
    "requests_per_minute": 60,
    "requests_per_hour": 1_000,
    "requests_per_day": 10_000,
    "tokens_per_minute": 10_000,
    "tokens_per_hour": 100_000,
    "tokens_per_day": 1_000_000,
    "concurrency_limit": 50,
}
_USED = {"total_requests": 2, "total_tokens": 300}
_KEY = {
    "key_id": 5,
    "api_key": "gw_live_ab…wxyz",
    "key_name": "Web",
    "environment_tag": "live",
    "is_configured": True,
    "rate_limit_config": _LIMITS,
    "usage_stats": {"minute": _USED, "hour": _USED, "day": _USED, "concurrent_requests": 1},
    "current_status": {
        "requests_remaining_minute": 58,
        "requests_remaining_hour": 998,
        "requests_remaining_day": 9_998,
        "tokens_remaining_minute": 9_700,
        "tokens_remaining_hour": 99_700,
        "tokens_remaining_day": 999_700,
        "concurrent_remaining": 49,
    },
}


@extend_schema_serializer(extensions={"x-partial": True})
class SetRateLimits(RateLimits):
    concurrency_limit = serializers.IntegerField(required=False)


list_rate_limits = listed(
    "List the rate limits and usage of your keys",
    name="listRateLimits",
    query=PageInput,
    answer=Shape(KeyRateLimits, _KEY),
    old=old_shapes.listed(user_id=7),
)
set_rate_limits = described(
    "Set the rate limits of a key, within the plan; 0 leaves one to the plan",
    name="setRateLimits",
    request=Shape(RateLimitInput, _LIMITS),
    answer=Shape(SetRateLimits, _LIMITS),
    old=old_shapes.changed(key_id=5),
)
set_all_rate_limits = described(
    "Set the rate limits of all your keys",
    name="setAllRateLimits",
    request=Shape(RateLimitInput, _LIMITS),
    answer=Shape(SetRateLimits, _LIMITS),
    old=old_shapes.changed_all(count=1),
)
get_rate_limit_usage = described(
    "Read how much of its limits a key has used",
    name="getRateLimitUsage",
    query=WindowInput,
    answer=Shape(KeyRateLimits, _KEY),
    old=old_shapes.usage("minute"),
)
