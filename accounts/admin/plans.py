"""Admin pages of plans, of keys' rate limits, and of requests that limits rejected."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from redis.exceptions import RedisError

from accounts import audit
from accounts.admin.form_fields import LinesField
from accounts.limits.store import KEPT_REJECTIONS_DAYS, Rejections, most_rejected
from accounts.models import ApiKey, Plan, RateLimitConfig, User
from accounts.models.rate_limits import LIMIT_FIELDS
from gatewayz.admin_site.lists import BigTableAdmin
from gatewayz.templatetags.words import in_words

logger = logging.getLogger(__name__)

SHOWN_REJECTIONS = 100


class PlanForm(forms.ModelForm):
    features = LinesField(
        required=False, help_text="What users of the plan are entitled to, one a line."
    )


@admin.register(Plan)
class PlanAdmin(BigTableAdmin):
    owner = None
    form = PlanForm
    # Links to the page of rejected requests.
    list_before_template = "admin/accounts/plan/rejections_link.html"
    list_display = (
        "name",
        "plan_type",
        "daily_request_limit",
        "monthly_request_limit",
        "daily_token_limit",
        "monthly_token_limit",
        "max_concurrent_requests",
        "price_per_month",
        "is_active",
    )
    shown_by: ClassVar[dict[str, str]] = {"features": "shown_features"}
    # There are few plans.
    sortable_by = list_display
    ordering = ("price_per_month", "id")
    fieldsets = (
        (None, {"fields": ("name", "description", "plan_type", "features", "is_active")}),
        (
            "Requests",
            {
                "fields": (
                    "requests_per_minute",
                    "requests_per_hour",
                    "daily_request_limit",
                    "monthly_request_limit",
                    "max_concurrent_requests",
                )
            },
        ),
        ("Storage", {"fields": ("max_storage_bytes",)}),
        (
            "Tokens",
            {
                "fields": (
                    "tokens_per_minute",
                    "tokens_per_hour",
                    "daily_token_limit",
                    "monthly_token_limit",
                )
            },
        ),
        (
            "Price",
            {"fields": ("price_per_month", "yearly_price", "price_per_token", "is_pay_as_you_go")},
        ),
    )

    @admin.display(description="features")
    def shown_features(self, plan: Plan) -> str:
        return ", ".join(map(in_words, plan.features)) or "–"

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        if change and not form.changed_data:
            return
        super().save_model(request, obj, form, change)
        audit.record(
            "plan_changed" if change else "plan_created",
            user_id=cast("User", request.user).pk,
            target=f"plan:{obj.pk}",
            before={name: form.initial.get(name) for name in form.changed_data},
            after={name: form.cleaned_data[name] for name in form.changed_data},
        )

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        # Deleting would search all users for those of the plan. An inactive plan is not offered to
        # new users.
        return False

    def get_urls(self) -> list[URLPattern]:
        rejections = path(
            "rejections/",
            self.admin_site.admin_view(self.rejections),
            name="accounts_plan_rejections",
        )
        return [rejections, *super().get_urls()]

    def rejections(self, request: HttpRequest) -> HttpResponse:
        """List the users and keys that limits rejected most often on one of the last days."""
        if not request.user.has_perms(["accounts.view_user", "accounts.view_apikey"]):
            raise PermissionDenied
        today = datetime.now(UTC).date()
        days = [(today - timedelta(days=ago)).isoformat() for ago in range(KEPT_REJECTIONS_DAYS)]
        asked = request.GET.get("day", "")
        day = asked if asked in days else days[0]
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Requests rejected by limits",
            "opts": self.opts,
            "page_title": "Requests rejected by limits",
            "days": days,
            "day": day,
        }
        try:
            context["rejections"] = with_user_and_key(most_rejected(day, SHOWN_REJECTIONS))
        except RedisError:
            logger.warning("Redis did not answer the limits", exc_info=True)
            context["rejections"] = None
        return TemplateResponse(request, "admin/accounts/plan/rejections.html", context)


def with_user_and_key(rejections: list[Rejections]) -> list[dict[str, Any]]:
    """Add the user and key of each row, in two statements."""
    users = User.objects.in_bulk({rejected.user_id for rejected in rejections})
    keys = ApiKey.objects.in_bulk({rejected.key_id for rejected in rejections})
    return [
        {
            "user": users.get(rejected.user_id),
            "key": keys.get(rejected.key_id),
            "code": rejected.code,
            "times": rejected.times,
        }
        for rejected in rejections
    ]


def _limit_column(name: str) -> Callable[[RateLimitConfig], str]:
    """Return a column of a limit, which says so when it is left to the plan."""

    @admin.display(description=name.replace("_", " "))
    def shown(config: RateLimitConfig) -> str:
        limit = getattr(config, name)
        return f"{limit:,}" if limit else "left to the plan"

    return shown


@admin.register(RateLimitConfig)
class RateLimitConfigAdmin(BigTableAdmin):
    """Operators may set a key's limits higher than its user could; the plan still applies."""

    owner = "api_key__user"
    list_display = ("key", *map(_limit_column, LIMIT_FIELDS))
    list_select_related = ("api_key",)
    search_fields = ("api_key__user__email__iexact",)
    search_help_text = "The user's whole e-mail address"
    autocomplete_fields = ("api_key",)
    fields = ("api_key", *LIMIT_FIELDS)

    @admin.display(description="API key")
    def key(self, config: RateLimitConfig) -> str:
        return str(config.api_key)

    def get_form(self, request: HttpRequest, *given: Any, **options: Any) -> Any:
        help_texts = dict.fromkeys(LIMIT_FIELDS, "0 leaves this to the plan.")
        options |= {"help_texts": help_texts, "labels": {"api_key": "API key"}}
        return super().get_form(request, *given, **options)

    def get_readonly_fields(
        self, request: HttpRequest, obj: RateLimitConfig | None = None
    ) -> tuple[str, ...]:
        return ("api_key",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: RateLimitConfig, form: Any, change: bool
    ) -> None:
        if change and not form.changed_data:
            return
        super().save_model(request, obj, form, change)
        numbers = [name for name in form.changed_data if name != "api_key"]
        audit.record(
            "rate_limits_set",
            user_id=obj.api_key.user_id,
            target=audit.key_target(obj.pk),
            before={name: form.initial.get(name) for name in numbers},
            after={name: form.cleaned_data[name] for name in numbers},
        )

    def delete_model(self, request: HttpRequest, obj: RateLimitConfig) -> None:
        user_id, key_id = obj.api_key.user_id, obj.pk
        super().delete_model(request, obj)
        audit.record("rate_limits_removed", user_id=user_id, target=audit.key_target(key_id))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with transaction.atomic():
            for config in queryset.select_related("api_key"):
                self.delete_model(request, config)
