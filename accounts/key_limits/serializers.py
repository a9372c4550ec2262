"""Request and response bodies of rate limits."""

from rest_framework import serializers

from accounts.key_limits.status import WINDOWS
from accounts.principals.principal import MAX_CONCURRENCY, MAX_LIMIT


class RateLimitInput(serializers.Serializer):
    requests_per_minute = serializers.IntegerField(min_value=0, max_value=MAX_LIMIT)
    requests_per_hour = serializers.IntegerField(min_value=0, max_value=MAX_LIMIT)
    requests_per_day = serializers.IntegerField(min_value=0, max_value=MAX_LIMIT)
    tokens_per_minute = serializers.IntegerField(min_value=0, max_value=MAX_LIMIT)
    tokens_per_hour = serializers.IntegerField(min_value=0, max_value=MAX_LIMIT)
    tokens_per_day = serializers.IntegerField(min_value=0, max_value=MAX_LIMIT)
    concurrency_limit = serializers.IntegerField(
        min_value=0, max_value=MAX_CONCURRENCY, required=False
    )


class WindowInput(serializers.Serializer):
    time_window = serializers.ChoiceField(choices=WINDOWS, default="minute")


class RateLimits(serializers.Serializer):
    requests_per_minute = serializers.IntegerField()
    requests_per_hour = serializers.IntegerField()
    requests_per_day = serializers.IntegerField()
    tokens_per_minute = serializers.IntegerField()
    tokens_per_hour = serializers.IntegerField()
    tokens_per_day = serializers.IntegerField()
    concurrency_limit = serializers.IntegerField()


class LimitWindowUsage(serializers.Serializer):
    total_requests = serializers.IntegerField()
    total_tokens = serializers.IntegerField()


class LimitUsage(serializers.Serializer):
    minute = LimitWindowUsage()
    hour = LimitWindowUsage()
    day = LimitWindowUsage()
    concurrent_requests = serializers.IntegerField()


class LimitStatus(serializers.Serializer):
    """The rest of each limit; null where there is no limit."""

    requests_remaining_minute = serializers.IntegerField(allow_null=True)
    requests_remaining_hour = serializers.IntegerField(allow_null=True)
    requests_remaining_day = serializers.IntegerField(allow_null=True)
    tokens_remaining_minute = serializers.IntegerField(allow_null=True)
    tokens_remaining_hour = serializers.IntegerField(allow_null=True)
    tokens_remaining_day = serializers.IntegerField(allow_null=True)
    concurrent_remaining = serializers.IntegerField(allow_null=True)


class KeyRateLimits(serializers.Serializer):
    key_id = serializers.IntegerField()
    api_key = serializers.CharField(help_text="Masked.")
    key_name = serializers.CharField()
    environment_tag = serializers.CharField()
    is_configured = serializers.BooleanField(
        help_text="False: only the limits of the user's plan apply to the key."
    )
    rate_limit_config = RateLimits()
    usage_stats = LimitUsage()
    current_status = LimitStatus()
