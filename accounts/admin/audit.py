"""Admin pages of the audit log."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from redis.exceptions import RedisError

from accounts.admin.json_display import pretty_json
from accounts.audit.about_rows import add_names
from accounts.audit.rejected_requests import (
    KEPT_DAYS,
    RejectedRequest,
    rejected_requests,
    split_mask,
)
from accounts.models import ApiKey, AuditEntry, AuditPersonalData, User
from gatewayz.admin_site.filters import DayRangeFilter
from gatewayz.admin_site.lists import ReadOnlyAdmin, linked

logger = logging.getLogger(__name__)

LOOK_UP = "admin/accounts/auditentry/rejected_requests.html"
SHOWN_REQUESTS = 200
SHOWN_STRANGERS = 10

# The pages of what entries are about, by the kind that their target begins with.
TARGETS = {
    "api_key": "accounts_apikey",
    "chatimport": "chat_chatimport",
    "notification": "accounts_notification",
    "plan": "accounts_plan",
    "session": "chat_chatsession",
    "share": "chat_share",
    "user": "accounts_user",
}


def _is_about(term: str) -> Callable[[RejectedRequest], bool]:
    """Return whether a request is about `term`: its id, an e-mail, a masked key, its id, or an
    address. At most one statement.
    """
    if not term:
        return lambda request: True
    if "@" in term:
        user = User.objects.with_email(term).values_list("pk", flat=True).first()
        return lambda request: user is not None and request.user_id == user
    mask = split_mask(term)
    if term.isdecimal() and len(term) < 19:
        key = ApiKey.objects.filter(pk=term).first()
        mask = split_mask(key.masked) if key else None
    if mask:
        begin, end = mask
        return lambda request: request.key.startswith(begin) and request.key.endswith(end)
    return lambda request: term in (request.request_id, request.address)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    owner = None
    change_form_after_template = "admin/accounts/auditentry/personal_data.html"
    list_display = (
        "created_at",
        "action_in_words",
        "linked_target",
        "summary",
        "channel_in_words",
        linked("actor"),
    )
    # By time, which idx_audit_log_created serves.
    list_filter = ("channel", ("created_at", DayRangeFilter))
    # get_search_results decides how these are searched. A filter by action would read every entry
    # to list the actions.
    search_fields = ("user_id", "action")
    search_help_text = "A user's id, or a whole action such as Key rotated (or key_rotated)"
    fields = (
        "created_at",
        ("action_in_words", "action"),
        "linked_target",
        "user_id",
        "channel_in_words",
        "actor_user_id",
        "actor_key_id",
        "request_id",
        "shown_before",
        "shown_after",
    )
    readonly_fields = (
        "action_in_words",
        "linked_target",
        "channel_in_words",
        "shown_before",
        "shown_after",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        # Whole values, one column at a time: each has an index, and an OR of both would use
        # neither.
        term = search_term.strip()
        if term.isdecimal():
            return queryset.filter(user_id=term), False
        action = term.lower().replace(" ", "_")
        return (queryset.filter(action=action) if term else queryset), False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        add_names(changelist.result_list)
        return changelist

    @admin.display(description="what happened")
    def action_in_words(self, entry: AuditEntry) -> str:
        return entry.action_in_words

    @admin.display(description="channel")
    def channel_in_words(self, entry: AuditEntry) -> str:
        is_without_key = entry.channel == AuditEntry.Channel.API and entry.actor_key_id is None
        if not is_without_key:
            return entry.get_channel_display()
        # Keys of the old service's users table have no id either.
        return "Page /keys or old key" if settings.ACCEPT_LEGACY_KEYS else "Page /keys"

    @admin.display(description="target")
    def linked_target(self, entry: AuditEntry) -> str:
        kind, _, number = entry.target.partition(":")
        if kind not in TARGETS or not number.isdecimal():
            return entry.target_in_words
        page = reverse(f"admin:{TARGETS[kind]}_change", args=[number])
        return format_html('<a class="gw-link" href="{}">{}</a>', page, entry.target_in_words)

    def get_urls(self) -> list[URLPattern]:
        look_up = path(
            "rejected-requests/",
            self.admin_site.admin_view(self.rejected_requests),
            name="accounts_rejected_requests",
        )
        return [look_up, *super().get_urls()]

    def rejected_requests(self, request: HttpRequest) -> HttpResponse:
        """Look up why requests were answered with 401, 403 or 429."""
        if not request.user.has_perms(["accounts.view_auditentry", "accounts.view_user"]):
            raise PermissionDenied
        term = request.GET.get("q", "").strip()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Rejected requests",
            "term": term,
            "kept_days": KEPT_DAYS,
        }
        try:
            kept = list(rejected_requests())
        except RedisError:
            logger.warning("Redis did not answer the look-up", exc_info=True)
            context["found"] = None
            return TemplateResponse(request, LOOK_UP, context)
        found = list(islice(filter(_is_about(term), kept), SHOWN_REQUESTS))
        users = User.objects.in_bulk({one.user_id for one in found if one.user_id})
        context["found"] = [(one, users.get(one.user_id)) for one in found]
        context["strangers"] = Counter(
            one.address for one in kept if one.code == "unknown_key"
        ).most_common(SHOWN_STRANGERS)
        return TemplateResponse(request, LOOK_UP, context)

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
