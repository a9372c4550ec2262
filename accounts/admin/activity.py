"""The activity log in the admin, and what could not be written to it."""

import logging
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from redis.exceptions import RedisError

from accounts.activity import dead_letters
from accounts.activity.health import activity_stats
from accounts.admin.json_display import as_text, pretty_json
from accounts.models import ActivityDeadLetter, ActivityEvent
from gatewayz.admin_site.lists import BigTableAdmin, ReadOnlyAdmin

logger = logging.getLogger(__name__)


@admin.register(ActivityEvent)
class ActivityEventAdmin(ReadOnlyAdmin):
    owner = "user"
    # Above the list, how the writing of it fares.
    list_before_template = "admin/accounts/activityevent/health.html"
    list_display = ("timestamp", "user", "app", "finish_reason", "model", "tokens", "cost")
    list_select_related = ("user",)
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    fields = (
        "event_id",
        "timestamp",
        "user",
        "api_key_number",
        "app",
        "finish_reason",
        "model",
        "provider",
        "tokens",
        "cost",
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
            logger.warning("The activity buffer does not answer", exc_info=True)
            stats = None
        return super().changelist_view(request, {**(extra_context or {}), "stats": stats})

    @admin.display(description="API key")
    def api_key_number(self, event: ActivityEvent) -> str:
        # Not the key itself, which may be gone.
        return f"#{event.api_key_id}" if event.api_key_id else "-"

    @admin.display(description="metadata")
    def shown_metadata(self, event: ActivityEvent) -> SafeString:
        return pretty_json(event.metadata)


@admin.register(ActivityDeadLetter)
class ActivityDeadLetterAdmin(ReadOnlyAdmin):
    owner = None
    list_display = ("set_aside_at", "shown_error", "shown_event")
    fields = ("set_aside_at", "error", "whole_event")
    readonly_fields = fields
    actions = ("requeue",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return BigTableAdmin.has_delete_permission(self, request, obj)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        """Who may delete dead letters may have them written instead."""
        return self.has_delete_permission(request)

    @admin.action(description="Queue the selected events again", permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[ActivityDeadLetter]) -> None:
        try:
            count = dead_letters.requeue(queryset.iterator())
        except RedisError:
            logger.warning("Dead letters could not be queued again", exc_info=True)
            self.message_user(request, "Redis does not answer: try again.", messages.ERROR)
            return
        self.message_user(
            request,
            f"{count} events queued again. One that is still refused comes back to this list.",
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


def _text(event: bytes | memoryview) -> str:
    """An event as operators may read it; what is no text in it is escaped."""
    return bytes(event).decode(errors="backslashreplace").replace("\x00", "\\x00")
