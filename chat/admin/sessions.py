"""Admin pages of sessions, each shown as a conversation."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.models.users import MAX_RETENTION_DAYS
from chat.messages.conversation import conversation
from chat.models import ChatSession, ChatSessionQuerySet
from chat.sessions import write
from gatewayz.admin_site.lists import BigTableAdmin, ReadOnlyAdmin


@admin.register(ChatSession)
class ChatSessionAdmin(ReadOnlyAdmin):
    owner = "user"
    is_private = True
    change_form_after_template = "admin/chat/chatsession/conversation.html"
    list_display = ("number", "title", "user", "model", "is_active", "updated_at", "purged_on")
    list_display_links = ("number", "title")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    # get_search_results decides how these are searched.
    search_fields = ("pk", "user__email", "title")
    search_help_text = "An id, a user's whole e-mail address, or part of a recent title"
    in_palette = True
    fields = (("user", "model"), ("created_at", "updated_at"), ("is_active", "purged_on"))
    readonly_fields = ("purged_on",)
    actions = ("restore",)

    def has_restore_permission(self, request: HttpRequest) -> bool:
        """Staff who may change sessions may restore deleted ones."""
        return BigTableAdmin.has_change_permission(self, request)

    @admin.action(description="Restore the selected deleted sessions", permissions=["restore"])
    def restore(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        count = write.restore_sessions(cast("ChatSessionQuerySet", queryset))
        self.message_user(request, f"Restored: {count}.", messages.SUCCESS)

    @admin.display(description="id")
    def number(self, session: ChatSession) -> str:
        # Without separators, as it is searched for.
        return str(session.pk)

    @admin.display(description="purged on")
    def purged_on(self, session: ChatSession) -> datetime | str:
        """When retention deletes the session for good; a session that is not deleted stays."""
        if session.is_active:
            return "-"
        days = session.user.chat_retention_days
        days = settings.CHAT_RETENTION_DAYS if days is None else days
        gone_at = session.deleted_at or session.updated_at
        return gone_at + timedelta(days=min(days, MAX_RETENTION_DAYS)) if days else "never"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ChatSession], search_term: str
    ) -> tuple[QuerySet[ChatSession], bool]:
        # One condition at a time: an OR could not use an index.
        term = search_term.strip()
        if term.isdecimal() and len(term) < 19:
            return queryset.filter(pk=term), False
        if "@" in term:
            return queryset.filter(user__email__iexact=term), False
        if term:
            return cast("ChatSessionQuerySet", queryset).newest_titled(term), False
        return queryset, False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        session = context["original"]
        context["conversation"] = conversation(
            session,
            before=_message_id(request.GET.get("before")),
            after=_message_id(request.GET.get("after")),
        )
        return super().render_change_form(request, context, *args, **options)


def _message_id(given: str | None) -> int | None:
    """Parse a message id from a link; anything else is None."""
    return int(given) if given and given.isdecimal() and len(given) < 19 else None
