"""Request and response bodies of notifications."""

from datetime import date

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
        # Without the label that it has in the admin.
        extra_kwargs = {"email_notifications": {"label": ""}}

    def validate_webhook_url(self, url: str | None) -> str | None:
        if not url:
            return None
        problem = webhooks.url_problem(url)
        if problem is not None:
            raise serializers.ValidationError(problem)
        return url


class TestInput(serializers.Serializer):
    notification_type = serializers.CharField(
        max_length=64,
        required=False,
        help_text="The kind of notification to imitate, as `low_balance`.",
    )


class UsageMonthInput(serializers.Serializer):
    """The month (UTC) of a report, as clients of the old service name it: `2026-03`."""

    month = serializers.CharField(max_length=7, required=False)

    def validate_month(self, month: str) -> date:
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError as exc:
            raise serializers.ValidationError("This must be a month such as 2026-03.") from exc
        if first.year < 1970:
            raise serializers.ValidationError("The year must be 1970 or later.")
        return first


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
