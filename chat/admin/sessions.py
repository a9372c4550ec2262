"""Admin pages of sessions, each shown as a conversation.

The audit log says who read a conversation and who searched a user's chats.
"""

from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.formats import localize
from django.utils.timezone import localtime

from accounts import audit
from accounts.models.users import MAX_RETENTION_DAYS
from accounts.principals.principal import Principal
from chat.admin.usage import usage
from chat.admin.user_export import export_user
from chat.messages.conversation import conversation
from chat.models import ChatSession, ChatSessionQuerySet
from chat.search.query import MAX_QUERY, search_chats
from chat.search.slots import process_searches
from chat.sessions import write
from gatewayz.admin_site.filters import DayRangeFilter
from gatewayz.admin_site.lists import RowsOfUsersAdmin, linked, of_user_with

FOUND_SESSIONS = 100
# Of a query, in the audit log.
AUDITED_CHARACTERS = 200


@admin.register(ChatSession)
class ChatSessionAdmin(RowsOfUsersAdmin):
    is_private = True
    change_form_after_template = "admin/chat/chatsession/conversation.html"
    list_display = (
        "number",
        "title",
        linked("user"),
        "model",
        "is_active",
        "created_at",
        "updated_at",
        "purged_on",
    )
    list_display_links = ("number", "title")
    # By creation, which idx_chat_sessions_created serves.
    list_filter = ("is_active", ("created_at", DayRangeFilter))
    # Of the active ones, an index gives this order; the others are sorted with them.
    order_of_user = ("-created_at", "-pk")
    # get_search_results decides how these are searched.
    search_fields = ("pk", "user__email", "title")
    search_help_text = (
        "An id, a user's whole e-mail address, or part of a recent title; "
        "in the list of one user, any words of the chats"
    )
    in_palette = True
    fields = (("user", "model"), ("created_at", "updated_at"), ("is_active", "purged_on"))
    readonly_fields = ("purged_on",)
    actions = ("restore",)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("export-user/", wrap(export_user), name="chat_export_user"),
            path("usage/", wrap(usage), name="chat_usage"),
            *super().get_urls(),
        ]

    @admin.action(description="Restore the selected deleted sessions", permissions=["act"])
    def restore(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        count = write.restore_sessions(cast("ChatSessionQuerySet", queryset))
        self.message_user(request, f"Restored: {count}.", messages.SUCCESS)

    @admin.display(description="id")
    def number(self, session: ChatSession) -> str:
        # Without separators, as it is searched for.
        return str(session.pk)

    @admin.display(description="purged on")
    def purged_on(self, session: ChatSession) -> str:
        """When retention deletes the session for good; a session that is not deleted stays."""
        if session.is_active:
            return "–"
        days = session.user.chat_retention_days
        days = settings.CHAT_RETENTION_DAYS if days is None else days
        gone_at = session.deleted_at or session.updated_at
        if not days:
            return "never"
        return localize(localtime(gone_at + timedelta(days=min(days, MAX_RETENTION_DAYS))))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ChatSession], search_term: str
    ) -> tuple[QuerySet[ChatSession], bool]:
        # One condition at a time: an OR could not use an index.
        term = search_term.strip()
        if term.isdecimal() and len(term) < 19:
            return queryset.filter(pk=term), False
        user_id = _row_id(request.GET.get("user"))
        if term and user_id is not None:
            return queryset.filter(pk__in=_found_in_chats(user_id, term)), False
        if "@" in term:
            return of_user_with(term, queryset), False
        if term:
            return cast("ChatSessionQuerySet", queryset).newest_titled(term), False
        return queryset, False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        session = context["original"]
        with transaction.atomic():
            audit.record("chat_read", user_id=session.user_id, target=f"session:{session.pk}")
        context["conversation"] = conversation(
            session,
            before=_row_id(request.GET.get("before")),
            after=_row_id(request.GET.get("after")),
        )
        return super().render_change_form(request, context, *args, **options)


def _row_id(given: str | None) -> int | None:
    """Parse the id of a row from a link; anything else is None."""
    return int(given) if given and given.isdecimal() and len(given) < 19 else None


def _found_in_chats(user_id: int, words: str) -> list[int]:
    """Return the ids of a user's sessions in which `words` are found, best first, and audit it.

    Six statements at most, and three of the audit log. Raises TooManySearches or SearchesBusy.
    """
    owner, query = Principal.without_key(user_id), words[:MAX_QUERY]
    with process_searches().slot(user_id):
        page = search_chats(owner, query, limit=FOUND_SESSIONS)
    with transaction.atomic():
        audit.record(
            "chats_searched",
            user_id=user_id,
            after={"query": query[:AUDITED_CHARACTERS], "found": page.count},
        )
    return [match.session.pk for match in page.matches]
