"""Admin pages of the audit log."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from accounts.admin.json_display import pretty_json
from accounts.models import AuditEntry, AuditPersonalData
from gatewayz.admin_site.lists import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    owner = None
    change_form_after_template = "admin/accounts/auditentry/personal_data.html"
    list_display = ("created_at", "action", "target", "user_id", "channel", "actor_user_id")
    list_filter = ("channel",)
    # get_search_results decides how these are searched. A filter by action would read every entry
    # to list the actions.
    search_fields = ("user_id", "action")
    search_help_text = "A user's id, or a whole action such as key_rotated"
    fields = (
        "created_at",
        "action",
        "target",
        "user_id",
        "channel",
        "actor_user_id",
        "actor_key_id",
        "request_id",
        "shown_before",
        "shown_after",
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        # Whole values, one column at a time: each has an index, and an OR of both would use
        # neither.
        term = search_term.strip()
        if term.isdecimal():
            return queryset.filter(user_id=term), False
        return (queryset.filter(action=term) if term else queryset), False

    @admin.display(description="before")
    def shown_before(self, entry: AuditEntry) -> SafeString:
        return pretty_json(entry.before)

    @admin.display(description="after")
    def shown_after(self, entry: AuditEntry) -> SafeString:
        return pretty_json(entry.after)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        data = AuditPersonalData.objects.filter(entry_id=context["original"].pk)
        context["personal_data"] = {
            row.user_id: pretty_json(json.loads(row.content)) for row in data
        }
        return super().render_change_form(request, context, *args, **options)
