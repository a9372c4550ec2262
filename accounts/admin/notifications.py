"""Notifications for operators: who was told of what, and how that went."""

from django.contrib import admin

from accounts.models import Notification, NotificationPreferences
from gatewayz.admin_lists import ReadOnlyAdmin


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
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
    """The user's own choice: operators look."""

    list_display = ("user", "email_notifications", "usage_alerts", "webhook_url", "updated_at")
    list_select_related = ("user",)
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
