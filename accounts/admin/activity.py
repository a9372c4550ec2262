"""Admin pages of the activity log and its dead letters."""

import logging
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from redis.exceptions import RedisError

from accounts.activity import dead_letters
from accounts.activity.health import activity_stats
from accounts.admin.deletable_rows import DeletableRowsAdmin, audit_count
from accounts.admin.json_display import as_text, pretty_json
from accounts.models import ActivityDeadLetter, ActivityEvent
from gatewayz.admin_site.filters import DayRangeOfUserFilter
from gatewayz.admin_site.lists import RowsOfUsersAdmin, linked
from gatewayz.templatetags.words import in_words

logger = logging.getLogger(__name__)


@admin.register(ActivityEvent)
class ActivityEventAdmin(RowsOfUsersAdmin):
    # Shows the health of the activity pipeline above the list.
    list_before_template = "admin/accounts/activityevent/health.html"
    list_display = (
        "timestamp",
        linked("user"),
        "app",
        "reason_in_words",
        "model",
        "tokens",
        "money",
    )
    list_filter = (("timestamp", DayRangeOfUserFilter),)
    order_of_user = ("-timestamp", "-pk")
    fields = (
        "event_id",
        "timestamp",
        "user",
        "api_key_number",
        "app",
        "reason_in_words",
        "model",
        "provider",
        "tokens",
        "money",
        "speed",
        "shown_metadata",
    )
    readonly_fields = fields

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            stats = activity_stats()
        except RedisError:
            logger.warning("Redis did not answer the activity buffer", exc_info=True)
            stats = None
        return super().changelist_view(request, {**(extra_context or {}), "stats": stats})

    @admin.display(description="API key")
    def api_key_number(self, event: ActivityEvent) -> str:
        # The id and not the key, which may have been deleted.
        if not event.api_key_id:
            return "–"
        page = reverse("admin:accounts_apikey_change", args=[event.api_key_id])
        return format_html('<a class="gw-link" href="{}">#{}</a>', page, event.api_key_id)

    @admin.display(description="finish reason")
    def reason_in_words(self, event: ActivityEvent) -> str:
        return in_words(event.finish_reason) or "–"

    @admin.display(description="cost")
    def money(self, event: ActivityEvent) -> str:
        # Cents are written out; smaller parts only where there are some.
        cost = max(event.cost.normalize(), event.cost.quantize(Decimal("0.01")), key=_decimals)
        return f"${cost:,f}" if event.cost else "–"

    @admin.display(description="metadata")
    def shown_metadata(self, event: ActivityEvent) -> SafeString:
        return pretty_json(event.metadata)


@admin.register(ActivityDeadLetter)
class ActivityDeadLetterAdmin(DeletableRowsAdmin):
    deleted_action = "dead_letters_deleted"
    list_display = ("set_aside_at", "shown_error", "shown_event")
    fields = ("set_aside_at", "error", "whole_event")
    readonly_fields = fields
    actions = ("requeue",)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        """Staff who may delete dead letters may requeue them."""
        return self.has_delete_permission(request)

    @admin.action(description="Requeue the selected events", permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[ActivityDeadLetter]) -> None:
        try:
            count = dead_letters.requeue(queryset.iterator())
        except RedisError:
            logger.warning("Could not requeue dead letters", exc_info=True)
            self.message_user(request, "Redis does not answer: try again.", messages.ERROR)
            return
        with transaction.atomic():
            audit_count(request, "dead_letters_requeued", count)
        self.message_user(
            request,
            f"Requeued: {count}. An event that is rejected again returns to this list.",
            messages.SUCCESS,
        )

    @admin.display(description="error")
    def shown_error(self, letter: ActivityDeadLetter) -> str:
        return Truncator(letter.error).chars(100)

    @admin.display(description="event")
    def shown_event(self, letter: ActivityDeadLetter) -> str:
        return Truncator(_text(letter.event)).chars(100)

    @admin.display(description="event")
    def whole_event(self, letter: ActivityDeadLetter) -> SafeString:
        return as_text(_text(letter.event))


def _decimals(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)


def _text(event: bytes | memoryview) -> str:
    """Return an event as text; bytes that are not text are escaped."""
    return bytes(event).decode(errors="backslashreplace").replace("\x00", "\\x00")
