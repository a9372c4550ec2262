"""The audit log in the admin."""

import json

from django.contrib import admin
from django.utils.safestring import SafeString

from accounts.admin.json_display import pretty_json
from accounts.models import AuditEntry, AuditPersonalData
from gatewayz.admin_lists import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "action", "target", "user_id", "channel", "actor_user_id")
    list_filter = ("channel",)
    # Whole values, each with an index. A filter by action would read all actions of the log.
    search_fields = ("user_id__exact", "action__exact")
    search_help_text = "The id of the user whose it is, or a whole action such as key_rotated"
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
        "personal_data",
    )
    readonly_fields = fields

    @admin.display(description="before")
    def shown_before(self, entry: AuditEntry) -> SafeString:
        return pretty_json(entry.before)

    @admin.display(description="after")
    def shown_after(self, entry: AuditEntry) -> SafeString:
        return pretty_json(entry.after)

    @admin.display(description="personal data, by user")
    def personal_data(self, entry: AuditEntry) -> SafeString:
        data = AuditPersonalData.objects.filter(entry_id=entry.pk)
        by_user = {row.user_id: json.loads(row.content) for row in data}
        return pretty_json(by_user)
