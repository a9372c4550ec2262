"""Activity in OpenAPI."""

from rest_framework import serializers

from accounts.activity import old_shapes
from accounts.activity.serializers import (
    ActivityEventSerializer,
    ActivityLogInput,
    ActivityStatsInput,
)
from gatewayz.api.openapi import Shape, described, listed


class ActivitySums(serializers.Serializer):
    requests = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.FloatField(help_text="US dollars")


class ActivityDaySums(serializers.Serializer):
    date = serializers.DateField()
    spend = serializers.FloatField()
    tokens = serializers.IntegerField()
    requests = serializers.IntegerField()


def _figures() -> dict[str, serializers.Field]:
    return {
        "total_requests": serializers.IntegerField(),
        "total_tokens": serializers.IntegerField(),
        "total_spend": serializers.FloatField(help_text="US dollars"),
        "daily_stats": ActivityDaySums(many=True),
        "by_model": serializers.DictField(child=ActivitySums()),
        "by_provider": serializers.DictField(child=ActivitySums()),
    }


class ActivityStats(serializers.Serializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        return _figures()


_SUMS = {"requests": 12, "tokens": 34_000, "cost": 0.5}
_STATS = {
    "total_requests": 12,
    "total_tokens": 34_000,
    "total_spend": 0.5,
    "daily_stats": [{"date": "2026-03-01", "spend": 0.5, "tokens": 34_000, "requests": 12}],
    "by_model": {"openai/gpt-4o": _SUMS},
    "by_provider": {"openai": _SUMS},
}
_EVENT = {
    "id": 31,
    "user_id": 7,
    "timestamp": "2026-03-01T12:00:00.123456Z",
    "model": "openai/gpt-4o",
    "provider": "openai",
    "tokens": 120,
    "cost": 0.002,
    "speed": 45.5,
    "finish_reason": "message_saved",
    "app": "Chat",
    "metadata": {"action": "save_message", "session_id": 17},
}

activity_stats = described(
    "Show activity totals by day, model and provider",
    name="activityStats",
    query=ActivityStatsInput,
    answer=Shape(ActivityStats, _STATS),
    old=old_shapes.statistics,
)

activity_log = listed(
    "List activity, newest first",
    name="activityLog",
    query=ActivityLogInput,
    answer=Shape(ActivityEventSerializer, _EVENT),
    old=old_shapes.log(total=1, page=1, limit=10, offset=0),
)
