"""Admin pages of sessions, each shown as a conversation."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from chat.admin.conversation import conversation
from chat.models import ChatSession, ChatSessionQuerySet
from gatewayz.admin_site.lists import ReadOnlyAdmin


@admin.register(ChatSession)
class ChatSessionAdmin(ReadOnlyAdmin):
    owner = "user"
    is_private = True
    change_form_after_template = "admin/chat/chatsession/conversation.html"
    list_display = ("id", "title", "user", "model", "is_active", "updated_at")
    list_display_links = ("id", "title")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    # get_search_results decides how these are searched.
    search_fields = ("pk", "user__email", "title")
    search_help_text = "An id, a user's whole e-mail address, or part of a recent title"
    in_palette = True
    fields = (("user", "model"), ("created_at", "updated_at"), "is_active")

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
