"""Request and response bodies of notifications."""

from rest_framework import serializers

from accounts.fields import DollarField
from accounts.models import Notification, NotificationPreferences
from accounts.models.notifications import MAX_WEBHOOK_URL
from accounts.notifications import webhooks
from gatewayz.api.paging import PageInput

MAX_REMINDER_DAYS = 365


class PreferencesSerializer(serializers.ModelSerializer):
    """Preferences, both in responses and in changes, where absent fields stay unchanged."""

    low_balance_threshold = DollarField(required=False)
    plan_expiry_reminder_days = serializers.IntegerField(
        min_value=0, max_value=MAX_REMINDER_DAYS, required=False
    )
    webhook_url = serializers.CharField(
        max_length=MAX_WEBHOOK_URL, required=False, allow_null=True, allow_blank=True
    )

    class Meta:
        model = NotificationPreferences
        fields = [
            "email_notifications",
            "low_balance_threshold",
            "plan_expiry_reminder_days",
            "usage_alerts",
            "webhook_url",
        ]

    def validate_webhook_url(self, url: str | None) -> str | None:
        if not url:
            return None
        problem = webhooks.url_problem(url)
        if problem is not None:
            raise serializers.ValidationError(problem)
        return url


class TestInput(serializers.Serializer):
    notification_type = serializers.CharField(
        max_length=64, required=False, help_text="What the test stands for, as `low_balance`."
    )


class UsageMonthInput(serializers.Serializer):
    month = serializers.RegexField(
        r"^(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])$",
        required=False,
        help_text="The month (UTC) to report, as `2026-03`, instead of the last days.",
    )


class UsageReportInput(serializers.Serializer):
    days = serializers.IntegerField(min_value=1, max_value=365, default=30)


class NotificationPageInput(PageInput):
    status = serializers.ChoiceField(choices=Notification.Status.choices, required=False)


class NotificationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notification
        fields = [
            "id",
            "kind",
            "channel",
            "details",
            "status",
            "error",
            "attempts",
            "created_at",
            "finished_at",
        ]
