"""Admin pages of notifications and of users' preferences."""

from urllib.parse import urlsplit

from django.contrib import admin

from accounts.models import Notification, NotificationPreferences
from gatewayz.admin_site.lists import ReadOnlyAdmin


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    owner = "user"
    list_display = ("created_at", "user", "kind", "channel", "status", "attempts", "error")
    list_filter = ("status", "kind", "channel")
    list_select_related = ("user",)
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    fields = (
        "user",
        "kind",
        "cause",
        "channel",
        "details",
        "status",
        "error",
        "attempts",
        "created_at",
        "attempt_started_at",
        "due_at",
        "finished_at",
    )
    readonly_fields = fields


@admin.register(NotificationPreferences)
class NotificationPreferencesAdmin(ReadOnlyAdmin):
    """Preferences belong to the user; operators can only read them."""

    owner = "user"
    list_display = ("user", "email_notifications", "usage_alerts", "webhook_host", "updated_at")
    list_select_related = ("user",)
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    fields = (
        "user",
        "email_notifications",
        "low_balance_threshold",
        "plan_expiry_reminder_days",
        "usage_alerts",
        "webhook_host",
        "updated_at",
    )
    readonly_fields = fields

    @admin.display(description="webhook")
    def webhook_host(self, preferences: NotificationPreferences) -> str:
        # Only the host: anybody who knows a webhook's full URL can often call it.
        return urlsplit(preferences.webhook_url or "").hostname or "-"
