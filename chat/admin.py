"""Sessions and messages for operators."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from chat.messages import page_of_messages
from chat.models import ChatSession
from gatewayz.admin_lists import ReadOnlyAdmin

SHOWN_MESSAGES = 200


@admin.register(ChatSession)
class ChatSessionAdmin(ReadOnlyAdmin):
    list_display = ("id", "title", "user", "model", "is_active", "updated_at")
    list_display_links = ("id", "title")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("pk", "user__email")
    search_help_text = "A session's id, or the user's whole e-mail address"
    fields = (
        "user",
        "title",
        "model",
        "is_active",
        "created_at",
        "updated_at",
        "conversation",
    )
    readonly_fields = ("conversation",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ChatSession], search_term: str
    ) -> tuple[QuerySet[ChatSession], bool]:
        # One condition at a time: an OR of both could use neither index.
        term = search_term.strip()
        if term.isdecimal():
            return queryset.filter(pk=term), False
        if term:
            return queryset.filter(user__email__iexact=term), False
        return queryset, False

    @admin.display(description="conversation")
    def conversation(self, session: ChatSession) -> SafeString:
        messages, has_more = page_of_messages(session, message_limit=SHOWN_MESSAGES)
        return render_to_string(
            "admin/chat/chatsession/conversation.html",
            {"messages": messages, "has_more": has_more, "shown": SHOWN_MESSAGES},
        )
