"""Admin pages of API keys; changes go through the verbs of `accounts.keys`."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts import audit, keys
from accounts.admin.form_fields import LinesField
from accounts.audit.rejected_requests import split_mask
from accounts.keys import leak_signs
from accounts.models import ApiKey, ApiKeyDay, ApiKeyNetwork
from accounts.principals.scopes import RESOURCES
from gatewayz.admin_site.charts import BarChart, bar_chart
from gatewayz.admin_site.filters import DayRangeOfUserFilter
from gatewayz.admin_site.lists import BigTableAdmin, confirmed, found_or_newest, linked

SHOWN_DAYS = 30
SHOWN_SIGNS = 50


class ScopesField(forms.MultipleChoiceField):
    """Scopes as checkboxes, one for each level of each resource; none means everything."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def __init__(self, **options: Any) -> None:
        choices = [
            (resource, [(f"{resource}:{level}", level) for level in ("read", "write", "admin")])
            for resource in sorted(RESOURCES)
        ]
        super().__init__(choices=choices, required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return [f"{resource}:{level}" for resource, levels in value.items() for level in levels]

    def clean(self, value: Any) -> Any:
        scopes: dict[str, list[str]] = {}
        for chosen in super().clean(value):
            resource, level = chosen.split(":")
            scopes.setdefault(resource, []).append(level)
        return scopes

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(self.prepare_value(initial) or ()) != set(data or ())


class ApiKeyForm(forms.ModelForm):
    scope_permissions = ScopesField(
        label="Scopes",
        help_text="Actions that the key allows; with none chosen it allows all. Admin includes "
        "both others, and actions that cannot be undone.",
    )

    ip_allowlist = LinesField(
        label="IP allow-list",
        required=False,
        help_text="Addresses from which the key works, one a line, such as 203.0.113.0/24; "
        "none means any.",
    )
    domain_referrers = LinesField(
        label="Allowed sites",
        required=False,
        help_text="Sites whose pages may use the key, one a line, such as example.com or "
        "*.example.com; none means any.",
    )

    class Meta:
        model = ApiKey
        fields = (
            "user",
            "key_name",
            "environment_tag",
            "scope_permissions",
            "ip_allowlist",
            "domain_referrers",
            "max_requests",
            "expiration_date",
        )

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        # An existing key's form has no user field, but names are unique per user.
        return excluded if "user" in self.fields else excluded - {"user"}


@admin.register(ApiKey)
class ApiKeyAdmin(BigTableAdmin):
    owner = "user"
    form = ApiKeyForm
    list_display = (
        "key_name",
        "masked",
        linked("user"),
        "environment_tag",
        "is_active",
        "requests_used",
        "last_used_at",
        "expiration_date",
    )
    list_filter = ("is_active", "environment_tag", ("created_at", DayRangeOfUserFilter))
    list_select_related = ("user",)
    # get_search_results decides how these are searched.
    search_fields = ("user__email", "key_name", "last_four")
    search_help_text = (
        "Part of a user's e-mail address or a key's name, a masked key, its last four"
    )
    in_palette = True
    change_form_before_template = "admin/accounts/apikey/usage.html"
    autocomplete_fields = ("user",)
    actions = ("rotate", "rotate_with_grace", "deactivate", "activate")
    shown_by: ClassVar[dict[str, str]] = {
        "scope_permissions": "shown_scopes",
        "ip_allowlist": "shown_addresses",
        "domain_referrers": "shown_sites",
    }
    service_fields = (
        "masked",
        "previous_expires_at",
        "is_active",
        "is_primary",
        "requests_used",
        "last_used_at",
        "created_at",
        "updated_at",
    )

    @admin.display(description="key")
    def masked(self, key: ApiKey) -> str:
        return key.masked

    @admin.display(description="scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        given = (f"{name}: {', '.join(levels)}" for name, levels in key.scope_permissions.items())
        return "; ".join(given) or "everything"

    @admin.display(description="IP allow-list")
    def shown_addresses(self, key: ApiKey) -> str:
        return ", ".join(key.ip_allowlist) or "any"

    @admin.display(description="allowed sites")
    def shown_sites(self, key: ApiKey) -> str:
        return ", ".join(key.domain_referrers) or "any"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ApiKey], search_term: str
    ) -> tuple[QuerySet[ApiKey], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        mask = split_mask(term)
        if mask:
            begin, end = mask
            return queryset.filter(last_four=end, key_prefix__startswith=begin), False
        # One table at a time: an OR across two tables could not use an index.
        whole = queryset.filter(Q(key_name__iexact=term) | Q(last_four=term))
        if "@" in term:
            whole = queryset.filter(user__email__iexact=term)
        parts = Q(key_name__icontains=term) | Q(user__email__icontains=term)
        return found_or_newest(whole, queryset, parts), False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        key = context.get("original")
        context["usage"] = _usage_chart(key) if key else None
        if key:
            context["networks"] = ApiKeyNetwork.objects.filter(api_key=key).order_by(
                "-last_seen_on", "network"
            )
        return super().render_change_form(request, context, *args, **options)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.keys_to_check)
        return [path("to-check/", view, name="accounts_keys_to_check"), *super().get_urls()]

    def keys_to_check(self, request: HttpRequest) -> HttpResponse:
        """List the keys that may be in the wrong hands. Four statements, each of a week."""
        if not request.user.has_perms(["accounts.view_apikey", "accounts.view_user"]):
            raise PermissionDenied
        today = datetime.now(UTC).date()
        found = list(leak_signs.spikes(today)[:SHOWN_SIGNS])
        keys = ApiKey.objects.select_related("user").in_bulk([row["api_key_id"] for row in found])
        since = today - timedelta(days=leak_signs.COMPARED_DAYS)
        networks = leak_signs.new_networks(since).select_related("api_key__user")
        context = {
            **self.admin_site.each_context(request),
            "title": "Keys to check",
            "spikes": [(keys.get(row["api_key_id"]), row) for row in found],
            "networks": networks[:SHOWN_SIGNS],
            "spike_requests": leak_signs.SPIKE_REQUESTS,
            "spike_factor": leak_signs.SPIKE_FACTOR,
            "compared_days": leak_signs.COMPARED_DAYS,
        }
        return TemplateResponse(request, "admin/accounts/apikey/keys_to_check.html", context)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple:
        # A key cannot change its user or its environment, which is part of its text.
        return ("user", "environment_tag", *self.service_fields) if obj else ()

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple:
        if obj is None:
            return ApiKeyForm.Meta.fields
        return (*ApiKeyForm.Meta.fields, *self.service_fields)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (keys.KeyNameTaken, keys.TooManyKeys) as error:
            # The form's own validation cannot see concurrent changes or the number of keys.
            self.message_user(request, str(error.detail), messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change and not form.changed_data:
            return
        if change:
            # Only the edited fields: others may have changed since the form was opened.
            keys.update_key(obj, {name: form.cleaned_data[name] for name in form.changed_data})
            return
        fields = ApiKeyForm.Meta.fields[1:]
        key, secret = keys.create_key(obj.user, **{name: getattr(obj, name) for name in fields})
        obj.pk = key.pk
        obj.refresh_from_db()
        request.new_secrets = [(obj, secret)]  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_secrets(request, request.new_secrets)  # type: ignore[attr-defined]

    @admin.action(description="Rotate the selected keys", permissions=["change"])
    @confirmed(
        "These keys get new secrets, which the next page shows once. The old ones stop working "
        "now. This cannot be undone."
    )
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse:
        return self._rotate(request, queryset, grace_seconds=0)

    @admin.action(
        description="Rotate the selected keys; old secrets work for another day",
        permissions=["change"],
    )
    @confirmed(
        "These keys get new secrets, which the next page shows once. The old ones work for "
        "another day. This cannot be undone."
    )
    def rotate_with_grace(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse:
        return self._rotate(request, queryset, grace_seconds=86_400)

    def _rotate(
        self, request: HttpRequest, queryset: QuerySet[ApiKey], grace_seconds: int
    ) -> HttpResponse:
        # All or none, because every new secret must be shown.
        with transaction.atomic():
            rotated = [
                (key, keys.rotate_key(key, grace_seconds=grace_seconds))
                for key in queryset.select_related("user")
            ]
        return self._show_secrets(request, rotated)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple:
        # Django lists every row that goes with a key, such as its days of use.
        shown = [f"{key}, with its limits, networks and days of use" for key in objs]
        return shown, {self.opts.verbose_name_plural: len(shown)}, set(), []

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        keys.delete_key(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            for key in queryset:
                keys.delete_key(key)

    @admin.action(description="Deactivate the selected keys", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            keys.deactivate_key(key)
        self.message_user(request, f"Deactivated: {len(queryset)}.", messages.SUCCESS)

    @admin.action(description="Activate the selected keys", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            count = queryset.update(is_active=True, updated_at=timezone.now())
            for key in queryset:
                audit.record(
                    "key_activated",
                    user_id=key.user_id,
                    target=audit.key_target(key.pk),
                    after={"is_active": True},
                )
        self.message_user(request, f"Activated: {count}.", messages.SUCCESS)

    def _show_secrets(
        self, request: HttpRequest, new_secrets: list[tuple[ApiKey, str]]
    ) -> HttpResponse:
        """Render the only page that shows the secrets, without a redirect, so that nothing stores
        them.
        """
        return TemplateResponse(
            request,
            "admin/accounts/apikey/secrets.html",
            {
                **self.admin_site.each_context(request),
                "title": "New API keys",
                "page_title": "New API keys",
                "opts": self.opts,
                "new_secrets": new_secrets,
            },
            headers={"Cache-Control": "no-store"},
        )


def _usage_chart(key: ApiKey) -> BarChart:
    """Chart the requests per day (UTC) of the last SHOWN_DAYS days, in one statement."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(SHOWN_DAYS))]
    used = {
        row.day: row
        for row in ApiKeyDay.objects.filter(api_key_id=key.pk, day__gte=days[0], day__lte=today)
    }
    return bar_chart(
        "Requests per day",
        [(f"{day}", float(used[day].requests) if day in used else 0.0) for day in days],
        note=f"{sum(row.tokens for row in used.values()):,} tokens and "
        f"${sum(row.spend for row in used.values()):,.4f} in these {SHOWN_DAYS} days (UTC)",
    )
