"""Admin page of public links, which operators can revoke."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from chat.models import Share
from chat.shares import write
from gatewayz.admin_site.filters import DayRangeOfUserFilter
from gatewayz.admin_site.lists import RowsOfUsersAdmin, confirmed, linked


@admin.register(Share)
class ShareAdmin(RowsOfUsersAdmin):
    is_private = True
    list_display = (
        "created_at",
        linked("session"),
        linked("user"),
        "is_active",
        "expires_at",
        "view_count",
        "last_viewed_at",
    )
    list_filter = ("is_active", ("created_at", DayRangeOfUserFilter))
    list_select_related = ("user", "session")
    order_of_user = ("-created_at", "-pk")
    actions = ("revoke",)
    # The token is left out, because it gives anybody access to the chat.
    fields = (
        ("user", "session"),
        ("is_active", "expires_at"),
        ("view_count", "last_viewed_at", "created_at"),
    )

    @admin.action(description="Revoke the selected links", permissions=["act"])
    @confirmed("These links stop working for everybody. This cannot be undone.")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Share]) -> None:
        count = write.revoke_shares(queryset)
        self.message_user(request, f"Revoked: {count}.", messages.SUCCESS)
