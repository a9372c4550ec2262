"""OpenAPI descriptions of API keys, applied to the views as decorators."""

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from accounts.keys import old_shapes
from accounts.keys.serializers import (
    ApiKeyChange,
    ApiKeyInput,
    ApiKeyPageInput,
    ApiKeySerializer,
    GraceInput,
    KeyUsageSerializer,
)
from gatewayz.api.old_shapes import status
from gatewayz.api.openapi import Shape, described, listed

_TIME = "2026-03-01T12:00:00.123456Z"
_MASKED = "gw_live_ab…wxyz"
_SECRET = "gw_live_" + "…"
_INPUT = {
    "key_name": "Web site",
    "environment_tag": "live",
    "scope_permissions": {"chat": ["read", "write"]},
    "expiration_days": 90,
    "max_requests": 100_000,
    "ip_allowlist": ["203.0.113.0/24"],
    "domain_referrers": ["*.example.com"],
}
_QUOTA = {"max_requests": 100_000, "requests_remaining": 75_000, "usage_percentage": 25.0}
_KEY = {
    "id": 5,
    "api_key": _MASKED,
    "key_name": "Web site",
    "environment_tag": "live",
    "scope_permissions": {"chat": ["read", "write"]},
    "is_active": True,
    "is_primary": False,
    "expiration_date": "2026-05-30T12:00:00.123456Z",
    "days_remaining": 90,
    "requests_used": 25_000,
    **_QUOTA,
    "ip_allowlist": ["203.0.113.0/24"],
    "domain_referrers": ["*.example.com"],
    "previous_key_expires_at": None,
    "created_at": _TIME,
    "updated_at": _TIME,
    "last_used_at": _TIME,
}
_NEW_KEY = {**_KEY, "api_key": _SECRET}
_USAGE = {
    "id": 5,
    "api_key": _MASKED,
    "key_name": "Web site",
    "environment_tag": "live",
    "is_active": True,
    "requests": 25_000,
    "tokens": 9_120_000,
    "cost": 18.5,
    "requests_today": 120,
    "tokens_today": 43_000,
    "cost_today": 0.09,
    "last_used_at": _TIME,
    **_QUOTA,
}

_DELETE = (
    # OpenAPI does not define request bodies for DELETE.
    'Delete a key; the body confirms it: `{"confirmation": "DELETE_KEY"}`, and '
    '`"confirm_last_key": true` for the last one that can manage keys'
)


_SECRET_BESIDE = {
    "api_key": Shape(serializers.CharField(help_text="The secret, shown only once."), _SECRET)
}


class RotatedKeys(serializers.Serializer):
    rotated_count = serializers.IntegerField()
    new_keys = ApiKeySerializer(many=True)


create_api_key = described(
    "Create a key; absent or null fields are inherited from the calling key",
    name="createApiKey",
    request=Shape(ApiKeyInput, _INPUT),
    answer=Shape(ApiKeySerializer, _NEW_KEY),
    beside=_SECRET_BESIDE,
    old=old_shapes.new_key,
    status=201,
    problems=(409,),
)
list_api_keys = listed(
    "List keys, newest first",
    name="listApiKeys",
    query=ApiKeyPageInput,
    answer=Shape(ApiKeySerializer, _KEY),
    old=old_shapes.listed(total=1),
)
read_api_key = described(
    "Read a key", name="readApiKey", answer=Shape(ApiKeySerializer, _KEY), old=status
)
change_api_key = described(
    "Change or rotate a key, or rotate all keys",
    name="changeApiKey",
    request=Shape(ApiKeyChange, {"key_name": "Shop"}),
    answer=Shape(
        PolymorphicProxySerializer(
            "ChangedApiKey", [ApiKeySerializer, RotatedKeys], resource_type_field_name=None
        ),
        _KEY,
    ),
    beside={"api_key": Shape(serializers.CharField(required=False, help_text="After `rotate`."))},
    old=(*old_shapes.rotated_key(_NEW_KEY), "rotated_count", "new_keys"),
    problems=(409,),
)
delete_api_key = described(
    _DELETE, name="deleteApiKey", old=old_shapes.deleted_key(5), problems=(400, 409)
)
rotate_api_key = described(
    "Rotate a key: a new secret, with a grace period for the old one",
    name="rotateApiKey",
    request=Shape(GraceInput, {"grace_seconds": 86_400}),
    answer=Shape(ApiKeySerializer, _NEW_KEY),
    beside=_SECRET_BESIDE,
    old=old_shapes.rotated_key,
)
api_key_usage = listed(
    "Show the requests, tokens and cost of each key, in total and today",
    name="apiKeyUsage",
    query=ApiKeyPageInput,
    answer=Shape(KeyUsageSerializer, _USAGE),
    old=("status", "user_id", "total_keys", "keys"),
)
