"""OpenAPI descriptions of notifications, applied to the views as decorators."""

from rest_framework import serializers

from accounts.models import NotificationPreferences
from accounts.notifications import old_shapes
from accounts.notifications.serializers import (
    NotificationPageInput,
    NotificationSerializer,
    PreferencesSerializer,
    UsageReportInput,
)
from gatewayz.api.old_shapes import status
from gatewayz.api.openapi import Shape, described, listed

_PREFERENCES = {
    "email_notifications": True,
    "low_balance_threshold": 10.0,
    "plan_expiry_reminder_days": 7,
    "usage_alerts": True,
    "webhook_url": "https://example.com/hooks/gatewayz",
}
_SENT = {
    "id": 12,
    "kind": "test",
    "channel": "email",
    "details": {},
    "status": "pending",
    "error": "",
    "attempts": 0,
    "created_at": "2026-03-01T12:00:00Z",
    "finished_at": None,
}

read_notification_preferences = described(
    "Read your notification preferences",
    name="readNotificationPreferences",
    answer=Shape(PreferencesSerializer, _PREFERENCES),
    old=old_shapes.preferences(NotificationPreferences(user_id=7)),
)
change_notification_preferences = described(
    "Change your notification preferences; absent fields stay unchanged",
    name="changeNotificationPreferences",
    request=Shape(PreferencesSerializer, {"webhook_url": "https://example.com/hooks/gatewayz"}),
    answer=Shape(PreferencesSerializer, _PREFERENCES),
    beside={
        "webhook_secret": Shape(
            serializers.CharField(
                allow_null=True, help_text="The secret that signs what is sent to the webhook."
            ),
            "whsec_5b1c0e…",
        )
    },
    old=old_shapes.preferences(NotificationPreferences(user_id=7)),
)
list_notifications = listed(
    "List notifications, newest first",
    name="listNotifications",
    query=NotificationPageInput,
    answer=Shape(NotificationSerializer, _SENT),
    old=status,
)
send_test_notification = listed(
    "Send yourself a test, at most once a minute",
    name="sendTestNotification",
    answer=Shape(NotificationSerializer, _SENT),
    old=status,
    problems=(400, 409),
)
send_usage_report = listed(
    "Send yourself a usage report, at most once a minute",
    name="sendUsageReport",
    request=Shape(UsageReportInput, {"days": 30}),
    answer=Shape(NotificationSerializer, _SENT | {"kind": "usage_report"}),
    old=status,
    problems=(409,),
)
