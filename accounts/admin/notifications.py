"""Admin pages of notifications and of users' preferences."""

from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin.json_display import pretty_json
from accounts.models import Notification, NotificationPreferences
from accounts.notifications import delivery
from gatewayz.admin_site.filters import DayRangeOfUserFilter
from gatewayz.admin_site.labels import set_labels
from gatewayz.admin_site.lists import RowsOfUsersAdmin, linked


@admin.register(Notification)
class NotificationAdmin(RowsOfUsersAdmin):
    list_display = ("created_at", linked("user"), "kind", "channel", "status", "attempts", "error")
    list_filter = ("status", "kind", "channel", ("created_at", DayRangeOfUserFilter))
    order_of_user = ("-pk",)
    actions = ("retry",)
    fields = (
        "user",
        "kind",
        "cause",
        "channel",
        "shown_details",
        "status",
        "error",
        "attempts",
        "created_at",
        "attempt_started_at",
        "due_at",
        "finished_at",
    )
    readonly_fields = fields

    @admin.display(description="details")
    def shown_details(self, notification: Notification) -> SafeString:
        return pretty_json(notification.details)

    @admin.action(description="Send the selected failed ones again", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        count = delivery.retry_failed(queryset)
        self.message_user(request, f"Will be sent again: {count}.", messages.SUCCESS)


set_labels(NotificationPreferences, email_notifications="e-mail notifications")


@admin.register(NotificationPreferences)
class NotificationPreferencesAdmin(RowsOfUsersAdmin):
    """Preferences belong to the user; operators can only read them."""

    list_display = ("user", "email_notifications", "usage_alerts", "webhook_host", "updated_at")
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
        return urlsplit(preferences.webhook_url or "").hostname or "–"
