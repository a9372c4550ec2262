"""Rate limits of everybody's keys."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Sum
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import serializers

from accounts.access.key_lookup import digests_of
from accounts.key_limits.configuration import override_key
from accounts.key_limits.serializers import RateLimitInput
from accounts.limits.store import most_rejected
from accounts.models import ActivityDay, ApiKey, RateLimitConfig
from accounts.principals.principal import AuthenticatedRequest, Principal
from accounts.staff.views import NoSuchStaffView, StaffView
from accounts.staff.write import check_may_act_on
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import flat
from gatewayz.api.paging import PageInput
from gatewayz.api.serializing import MAX_ID, validated

_FIELDS = tuple(RateLimitInput().fields)
DEFAULTS: dict[str, int] = {name: getattr(RateLimitConfig(), name) for name in _FIELDS}


class KeyInput(serializers.Serializer):
    api_key = serializers.CharField(max_length=255)


class KeyQuery(serializers.Serializer):
    api_key = serializers.CharField(max_length=255, required=False)


class KeyLimitsInput(KeyInput):
    config = RateLimitInput()


class UsersInput(PageInput):
    user_id = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    has_custom_config = serializers.BooleanField(required=False, allow_null=True, default=None)


class KeyLimitsView(StaffView):
    staff_permission = "accounts.change_apikey"

    def key_of(self, api_key: str) -> ApiKey:
        """The key with this secret. Raises Http404."""
        keys = ApiKey.objects.select_related("user", "rate_limits")
        return get_object_or_404(keys.with_digest(digests_of(api_key)))


class ConfigView(KeyLimitsView):
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        api_key = validated(KeyQuery, request.query_params).get("api_key")
        if api_key is None:
            return success({"config": DEFAULTS, "is_default": True}, old=flat)
        key = self.key_of(api_key)
        config = getattr(key, "rate_limits", None)
        data = {
            "api_key": key.masked,
            "config": _shown(config) if config else DEFAULTS,
            "is_default": config is None,
        }
        return success(data, old=flat)

    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(KeyLimitsInput, request.data)
        key = self.key_of(given["api_key"])
        _set_limits(key, given["config"], by=request.user)
        return success(
            {"api_key": key.masked, "config": given["config"]},
            message="Rate limit configuration updated successfully",
            old=flat,
        )

    put = post


class ResetView(KeyLimitsView):
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        key = self.key_of(validated(KeyInput, request.query_params)["api_key"])
        _set_limits(key, DEFAULTS, by=request.user)
        return success(
            {"api_key": key.masked, "config": DEFAULTS},
            message="Rate limit configuration reset to defaults",
            old=flat,
        )


class DeletionView(KeyLimitsView):
    def delete(self, request: AuthenticatedRequest) -> JSONResponse:
        key = self.key_of(validated(KeyInput, request.query_params)["api_key"])
        is_deleted = _set_limits(key, None, by=request.user)
        data = {
            "api_key": key.masked,
            "deleted_from_rate_limit_configs": is_deleted,
            "reset_in_api_keys": is_deleted,
            "default_config": DEFAULTS,
        }
        return success(
            data, message="Rate limits deleted successfully. The plan's apply.", old=flat
        )


class UsersView(KeyLimitsView):
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(UsersInput, request.query_params)
        keys = ApiKey.objects.select_related("rate_limits").order_by("id")
        if "user_id" in given:
            keys = keys.filter(user_id=given["user_id"])
        if given["has_custom_config"] is not None:
            keys = keys.filter(rate_limits__isnull=not given["has_custom_config"])
        limit, offset = given["limit"], given["offset"]
        found = list(keys[offset : offset + limit + 1])
        users = [
            {
                "key_id": key.pk,
                "api_key": key.masked,
                "key_name": key.key_name,
                "user_id": key.user_id,
                "environment_tag": key.environment_tag,
                "has_custom_config": hasattr(key, "rate_limits"),
                "config": _shown(key.rate_limits) if hasattr(key, "rate_limits") else DEFAULTS,
                "created_at": key.created_at,
            }
            for key in found[:limit]
        ]
        data = {
            "users": users,
            "total": len(users),
            "limit": limit,
            "offset": offset,
            "has_more": len(found) > limit,
        }
        return success(data, old=flat)


class SystemView(KeyLimitsView):
    """Totals of today (UTC), from which the rates follow."""

    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        now = datetime.now(UTC)
        sums = ActivityDay.objects.filter(day=now.date()).aggregate(
            requests=Sum("requests", default=0), tokens=Sum("tokens", default=0)
        )
        hours = max(1.0, now.hour + now.minute / 60)
        day = {name: int(number) for name, number in sums.items()}
        hour = {name: int(number / hours) for name, number in day.items()}
        minute = {name: int(number / hours / 60) for name, number in day.items()}
        stats: dict[str, Any] = {
            "timestamp": now,
            "minute": {**minute, "requests_per_second": minute["requests"] / 60},
            "hour": {**hour, "requests_per_minute": hour["requests"] / 60},
            "day": {**day, "requests_per_hour": day["requests"] / hours},
        }
        return success({"system_stats": stats}, old=flat)


class AlertsView(KeyLimitsView):
    """The keys that limits rejected most often today."""

    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        limit = validated(PageInput, request.query_params)["limit"]
        day = datetime.now(UTC).date().isoformat()
        alerts = [
            {
                "user_id": rejected.user_id,
                "key_id": rejected.key_id,
                "alert_type": rejected.code,
                "details": {"times": rejected.times, "day": day},
                "resolved": False,
            }
            for rejected in most_rejected(day, limit)
        ]
        return success({"alerts": alerts, "total_alerts": len(alerts)}, old=flat)


def _set_limits(key: ApiKey, limits: dict[str, int] | None, *, by: Principal) -> bool:
    """Set the limits of `key`, or remove them. Returns whether there were some."""
    check_may_act_on(key.user, by=by)
    before = getattr(key, "rate_limits", None)
    override_key(key, limits, before=_shown(before) if before else None)
    return before is not None


def _shown(config: RateLimitConfig) -> dict[str, int]:
    return {name: getattr(config, name) for name in _FIELDS}


urlpatterns = [
    path("admin/rate-limits/alerts", AlertsView.as_view()),
    path("admin/rate-limits/config", ConfigView.as_view()),
    path("admin/rate-limits/config/reset", ResetView.as_view()),
    path("admin/rate-limits/delete", DeletionView.as_view()),
    path("admin/rate-limits/system", SystemView.as_view()),
    path("admin/rate-limits/update", ConfigView.as_view()),
    path("admin/rate-limits/users", UsersView.as_view()),
    path("admin/rate-limits/<path:rest>", NoSuchStaffView.as_view()),
]
