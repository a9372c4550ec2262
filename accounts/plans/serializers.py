"""Request and response bodies of plans."""

from rest_framework import serializers

from accounts.models import Plan


class PlanSerializer(serializers.ModelSerializer):
    """A plan. Null means no limit; prices are in US dollars."""

    price_per_month = serializers.FloatField()
    yearly_price = serializers.FloatField(allow_null=True)
    price_per_token = serializers.FloatField(allow_null=True)
    features = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Plan
        fields = [
            "id",
            "name",
            "description",
            "plan_type",
            "requests_per_minute",
            "requests_per_hour",
            "daily_request_limit",
            "monthly_request_limit",
            "tokens_per_minute",
            "tokens_per_hour",
            "daily_token_limit",
            "monthly_token_limit",
            "price_per_month",
            "yearly_price",
            "price_per_token",
            "is_pay_as_you_go",
            "max_concurrent_requests",
            "max_storage_bytes",
            "features",
            "is_active",
        ]


class EntitlementsInput(serializers.Serializer):
    feature = serializers.CharField(max_length=255, required=False, allow_blank=True)


class Entitlements(serializers.Serializer):
    has_plan = serializers.BooleanField()
    plan_name = serializers.CharField()
    daily_request_limit = serializers.IntegerField(allow_null=True)
    monthly_request_limit = serializers.IntegerField(allow_null=True)
    daily_token_limit = serializers.IntegerField(allow_null=True)
    monthly_token_limit = serializers.IntegerField(allow_null=True)
    features = serializers.ListField(child=serializers.CharField())
    can_access_feature = serializers.BooleanField(help_text="True when no feature is asked for.")


class _Numbers(serializers.Serializer):
    daily_requests = serializers.IntegerField(allow_null=True)
    daily_tokens = serializers.IntegerField(allow_null=True)
    monthly_requests = serializers.IntegerField(allow_null=True)
    monthly_tokens = serializers.IntegerField(allow_null=True)


class _AtLimit(serializers.Serializer):
    daily_requests = serializers.BooleanField()
    daily_tokens = serializers.BooleanField()
    monthly_requests = serializers.BooleanField()
    monthly_tokens = serializers.BooleanField()


class _Storage(serializers.Serializer):
    used_bytes = serializers.IntegerField()
    limit_bytes = serializers.IntegerField(allow_null=True)
    remaining_bytes = serializers.IntegerField(allow_null=True)
    at_limit = serializers.BooleanField()


class PlanUsage(serializers.Serializer):
    plan_name = serializers.CharField()
    usage = _Numbers()
    limits = _Numbers()
    remaining = _Numbers()
    at_limit = _AtLimit()
    storage = _Storage()


class EnvironmentUsage(serializers.Serializer):
    key_count = serializers.IntegerField()
    total_requests = serializers.IntegerField()
    total_max_requests = serializers.IntegerField()
    monthly_requests = serializers.IntegerField()
    monthly_tokens = serializers.IntegerField()
    monthly_cost = serializers.FloatField()
