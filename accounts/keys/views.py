"""Views of API keys.

POSTs here ignore `Idempotency-Key`: the answer contains a secret, which must not be stored to be
replayed. Repeating one does not create a second key nevertheless, because its name is taken.
"""

from http import HTTPStatus
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError

from accounts import keys
from accounts.keys import old_shapes, openapi
from accounts.keys.serializers import (
    ApiKeyChange,
    ApiKeyDeletion,
    ApiKeyInput,
    ApiKeyPageInput,
    ApiKeySerializer,
    GraceInput,
    KeyUsageSerializer,
)
from accounts.keys.usage_totals import set_enforced_counts, with_usage
from accounts.models import ApiKey
from accounts.models.api_keys import ApiKeyQuerySet
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import status
from gatewayz.api.paging import page_of
from gatewayz.api.serializing import represented, represented_all, validated
from gatewayz.api.view import ApiView


class KeyView(ApiView):
    """Base of views that need the scope `keys`."""

    scope_resource = "keys"


class ApiKeysView(KeyView):
    @openapi.create_api_key
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ApiKeyInput, request.data)
        key, secret = keys.create_key(request.user, by=request.user, **given)
        return _with_secret(
            key,
            secret,
            "API key created successfully",
            old=old_shapes.new_key,
            status=HTTPStatus.CREATED,
        )

    @openapi.list_api_keys
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        found, count = _page(request, ApiKey.objects.owned_by(request.user))
        shown = represented_all(ApiKeySerializer, found)
        return success(shown, count=count, old=old_shapes.listed(count))


class ApiKeyView(KeyView):
    @openapi.read_api_key
    def get(self, request: AuthenticatedRequest, key_id: int) -> JSONResponse:
        return success(_shown(_own_key(request, key_id)), old=status)

    @openapi.change_api_key
    def put(self, request: AuthenticatedRequest, key_id: int) -> JSONResponse:
        changes = validated(ApiKeyChange, request.data)
        key = _own_key(request, key_id)
        action = changes.pop("action")
        grace_seconds = changes.pop("grace_seconds")
        confirm_last_key = changes.pop("confirm_last_key")
        if action == "rotate":
            return _rotated(request, key, grace_seconds)
        if action == "bulk_rotate":
            rotated = keys.rotate_keys(
                request.user,
                environment_tag=changes.get("environment_tag"),
                grace_seconds=grace_seconds,
            )
            return _with_secrets(rotated)
        if not changes:
            raise ValidationError("There are no valid fields to update.")
        changed = keys.update_key(key, changes, by=request.user, confirm_last_key=confirm_last_key)
        return success(
            _shown(changed), message="API key updated successfully", old=old_shapes.changed_key
        )

    @openapi.delete_api_key
    def delete(self, request: AuthenticatedRequest, key_id: int) -> JSONResponse:
        given = validated(ApiKeyDeletion, request.data)
        keys.delete_key(
            _own_key(request, key_id),
            by=request.user,
            confirm_last_key=given["confirm_last_key"],
        )
        return success(
            None, message="API key deleted successfully", old=old_shapes.deleted_key(key_id)
        )


class ApiKeyRotationView(KeyView):
    @openapi.rotate_api_key
    def post(self, request: AuthenticatedRequest, key_id: int) -> JSONResponse:
        given = validated(GraceInput, request.data)
        key = _own_key(request, key_id)
        return _rotated(request, key, given["grace_seconds"])


class ApiKeyUsageView(KeyView):
    @openapi.api_key_usage
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        found, count = _page(request, with_usage(ApiKey.objects.owned_by(request.user)))
        return success(
            represented_all(KeyUsageSerializer, found),
            count=count,
            old=old_shapes.usage(request.user.user_id, count, found),
        )


def _own_key(request: AuthenticatedRequest, key_id: int) -> ApiKey:
    return get_object_or_404(ApiKey.objects.owned_by(request.user), pk=key_id)


def _page(request: AuthenticatedRequest, owned: ApiKeyQuerySet) -> tuple[list[ApiKey], int]:
    """Return the requested page of keys, newest first, and the total count."""
    page = validated(ApiKeyPageInput, request.query_params)
    environment_tag = page.pop("environment_tag", None)
    if environment_tag is not None:
        owned = owned.in_environment(environment_tag)
    found, count = page_of(owned.newest_first(), **page)
    set_enforced_counts(found)
    return found, count


def _shown(key: ApiKey) -> dict[str, Any]:
    set_enforced_counts([key])
    return represented(ApiKeySerializer, key)


def _rotated(request: AuthenticatedRequest, key: ApiKey, grace_seconds: int) -> JSONResponse:
    secret = keys.rotate_key(key, grace_seconds=grace_seconds, by=request.user)
    return _with_secret(key, secret, "API key rotated successfully", old=old_shapes.rotated_key)


def _with_secret(key: ApiKey, secret: str, message: str, **options: Any) -> JSONResponse:
    """Build the only response that ever contains this secret."""
    shown = {**_shown(key), "api_key": secret}
    return _unstored(success(shown, api_key=secret, message=message, **options))


def _with_secrets(rotated: list[tuple[ApiKey, str]]) -> JSONResponse:
    set_enforced_counts([key for key, _ in rotated])
    shown: dict[str, Any] = {
        "rotated_count": len(rotated),
        "new_keys": [
            {**represented(ApiKeySerializer, key), "api_key": secret} for key, secret in rotated
        ],
    }
    return _unstored(
        success(shown, message=f"{len(rotated)} API keys rotated", old=old_shapes.rotated_keys)
    )


def _unstored(response: JSONResponse) -> JSONResponse:
    response["Cache-Control"] = "no-store"
    return response
