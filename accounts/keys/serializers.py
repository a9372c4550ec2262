"""Request and response bodies of API keys."""

import math
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers

from accounts.keys import old_shapes
from accounts.keys.lifecycle import MAX_GRACE_SECONDS, MAX_KEYS
from accounts.models import ApiKey
from accounts.principals.allowlists import (
    MAX_ENTRIES,
    validate_domain_referrers,
    validate_ip_allowlist,
)
from accounts.principals.principal import MAX_LIMIT
from accounts.principals.scopes import LEVELS, RESOURCES, validate_scopes
from gatewayz.api.paging import PageInput
from gatewayz.api.serializing import BoundedDictField, BoundedListField

MAX_EXPIRATION_DAYS = 36_500
# Per resource; a level may be repeated.
MAX_LEVELS = 10


class HostField(serializers.CharField):
    """A host name in lower case; a URL is accepted and means its host."""

    def to_internal_value(self, data: Any) -> str:
        host: str = super().to_internal_value(data).lower()
        if "://" not in host:
            return host
        try:
            return urlsplit(host).hostname or host
        except ValueError:
            return host


class GraceInput(serializers.Serializer):
    grace_seconds = serializers.IntegerField(
        min_value=0,
        max_value=MAX_GRACE_SECONDS,
        default=0,
        help_text="Seconds for which the old secret keeps working.",
    )


class _KeyInput(serializers.Serializer):
    scope_permissions = BoundedDictField(
        child=BoundedListField(
            child=serializers.ChoiceField(choices=sorted(LEVELS)), max_length=MAX_LEVELS
        ),
        max_length=len(RESOURCES),
        validators=[validate_scopes],
        required=False,
        allow_null=True,
        help_text="Actions that the key allows, by resource; {} allows all.",
    )
    expiration_days = serializers.IntegerField(
        min_value=0,
        max_value=MAX_EXPIRATION_DAYS,
        required=False,
        allow_null=True,
        help_text="Days until the key expires; 0 means never.",
    )
    max_requests = serializers.IntegerField(
        min_value=0,
        max_value=MAX_LIMIT,
        required=False,
        allow_null=True,
        help_text="Total number of requests that the key may make; 0 means unlimited.",
    )
    ip_allowlist = BoundedListField(
        child=serializers.CharField(),
        max_length=MAX_ENTRIES,
        validators=[validate_ip_allowlist],
        required=False,
        allow_null=True,
        help_text="Addresses and networks (CIDR) from which the key works; [] means any.",
    )
    domain_referrers = BoundedListField(
        child=HostField(),
        max_length=MAX_ENTRIES,
        validators=[validate_domain_referrers],
        required=False,
        allow_null=True,
        help_text="Hosts whose pages may use the key, as `*.example.com`; [] means any.",
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and "scope_permissions" in data and settings.OLD_SHAPES:
            data = {**data, "scope_permissions": old_shapes.scopes(data["scope_permissions"])}
        return super().to_internal_value(data)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Convert the input to columns of the key; null counts as absent."""
        columns = {name: value for name, value in given.items() if value is not None}
        if "expiration_days" in columns:
            days = columns.pop("expiration_days")
            ends_at = timezone.now() + timedelta(days=days)
            columns["expiration_date"] = ends_at if days else None
        if "max_requests" in columns:
            columns["max_requests"] = columns["max_requests"] or None
        return columns


class ApiKeyInput(_KeyInput):
    key_name = serializers.CharField(max_length=255)
    environment_tag = serializers.ChoiceField(
        choices=ApiKey.Environment.choices, required=False, allow_null=True
    )


class ApiKeyChange(GraceInput, _KeyInput):
    """Changes to a key. Absent or null fields stay unchanged; the environment cannot change."""

    action = serializers.ChoiceField(
        choices=["update", "rotate", "bulk_rotate"],
        default="update",
        help_text="`rotate` gives this key a new secret; `bulk_rotate` does so for every active "
        "key, or those of `environment_tag`. Both use `grace_seconds` and change nothing else.",
    )
    key_name = serializers.CharField(max_length=255, required=False, allow_null=True)
    environment_tag = serializers.ChoiceField(
        choices=ApiKey.Environment.choices, required=False, allow_null=True
    )
    is_active = serializers.BooleanField(required=False, allow_null=True)
    is_primary = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="True makes this key the primary one instead of the current one.",
    )
    confirm_last_key = serializers.BooleanField(
        default=False, help_text="Allow it even if no remaining key can manage keys."
    )


class ApiKeyDeletion(serializers.Serializer):
    # The old service's front end sends `DELETE`.
    confirmation = serializers.ChoiceField(choices=["DELETE_KEY", "DELETE"])
    confirm_last_key = serializers.BooleanField(default=False)


class ApiKeyPageInput(PageInput):
    # All keys by default, because clients of the old service do not page.
    limit = serializers.IntegerField(min_value=1, max_value=MAX_KEYS, default=MAX_KEYS)
    environment_tag = serializers.ChoiceField(choices=ApiKey.Environment.choices, required=False)


class _QuotaFields(serializers.ModelSerializer):
    """The rest of a key's `max_requests`."""

    requests_remaining = serializers.SerializerMethodField(
        help_text="Null without `max_requests`."
    )
    usage_percentage = serializers.SerializerMethodField(help_text="Null without `max_requests`.")

    def get_requests_remaining(self, key: ApiKey) -> int | None:
        if key.max_requests is None:
            return None
        return max(0, key.max_requests - key.requests_used)

    def get_usage_percentage(self, key: ApiKey) -> float | None:
        if key.max_requests is None:
            return None
        return round(100 * key.requests_used / key.max_requests, 2)


class ApiKeySerializer(_QuotaFields):
    """A key as it may be shown, without its secret."""

    api_key = serializers.CharField(source="masked")
    days_remaining = serializers.SerializerMethodField(
        help_text="Days until the key expires, rounded up; null when it does not."
    )
    previous_key_expires_at = serializers.DateTimeField(
        source="previous_expires_at",
        allow_null=True,
        help_text="When the grace period of the previous secret ends or ended; null without one.",
    )

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "api_key",
            "key_name",
            "environment_tag",
            "scope_permissions",
            "is_active",
            "is_primary",
            "expiration_date",
            "days_remaining",
            "max_requests",
            "requests_used",
            "requests_remaining",
            "usage_percentage",
            "ip_allowlist",
            "domain_referrers",
            "previous_key_expires_at",
            "created_at",
            "updated_at",
            "last_used_at",
        ]

    def get_days_remaining(self, key: ApiKey) -> int | None:
        if key.expiration_date is None:
            return None
        return max(0, math.ceil((key.expiration_date - timezone.now()) / timedelta(days=1)))


class KeyUsageSerializer(_QuotaFields):
    """A key with its usage. Cost is in US dollars; today is the current day in UTC."""

    # Its rows come from `with_usage`.

    api_key = serializers.CharField(source="masked")
    # A key that was never used has no daily totals.
    requests = serializers.IntegerField(source="used.requests", read_only=True, default=0)
    tokens = serializers.IntegerField(source="used.tokens", read_only=True, default=0)
    cost = serializers.FloatField(source="used.spend", read_only=True, default=0.0)
    requests_today = serializers.IntegerField(
        source="used.requests_today", read_only=True, default=0
    )
    tokens_today = serializers.IntegerField(source="used.tokens_today", read_only=True, default=0)
    cost_today = serializers.FloatField(source="used.spend_today", read_only=True, default=0.0)

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "api_key",
            "key_name",
            "environment_tag",
            "is_active",
            "requests",
            "tokens",
            "cost",
            "requests_today",
            "tokens_today",
            "cost_today",
            "last_used_at",
            "max_requests",
            "requests_remaining",
            "usage_percentage",
        ]
