"""Admin page of feedback."""

from django.contrib import admin
from django.utils.text import Truncator

from accounts.admin.json_display import pretty_json
from chat.models import Feedback
from gatewayz.admin_site.filters import DayRangeOfUserFilter
from gatewayz.admin_site.lists import RowsOfUsersAdmin, linked
from gatewayz.templatetags.words import in_words


@admin.register(Feedback)
class FeedbackAdmin(RowsOfUsersAdmin):
    is_private = True
    list_display = (
        "created_at",
        "type_in_words",
        "rating",
        "shown_comment",
        linked("user"),
        linked("session"),
    )
    list_filter = ("feedback_type", ("created_at", DayRangeOfUserFilter))
    list_select_related = ("user", "session")
    order_of_user = ("-created_at", "-pk")
    fields = (
        ("user", "session"),
        ("type_in_words", "rating", "model"),
        "comment",
        "shown_metadata",
        ("created_at", "updated_at"),
    )

    readonly_fields = ("shown_metadata", "type_in_words")

    @admin.display(description="type")
    def type_in_words(self, feedback: Feedback) -> str:
        return in_words(feedback.feedback_type)

    @admin.display(description="metadata")
    def shown_metadata(self, feedback: Feedback) -> str:
        return pretty_json(feedback.metadata) if feedback.metadata else "–"

    @admin.display(description="comment")
    def shown_comment(self, feedback: Feedback) -> str:
        return Truncator(feedback.comment or "–").chars(80)
