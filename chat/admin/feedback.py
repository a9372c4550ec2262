"""Admin page of feedback."""

from django.contrib import admin

from chat.models import Feedback
from gatewayz.admin_site.lists import ReadOnlyAdmin


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    owner = "user"
    is_private = True
    list_display = ("created_at", "feedback_type", "rating", "user", "session", "model")
    list_filter = ("feedback_type",)
    list_select_related = ("user", "session")
    search_fields = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    fields = (
        ("user", "session"),
        ("feedback_type", "rating", "model"),
        "comment",
        "metadata",
        ("created_at", "updated_at"),
    )
