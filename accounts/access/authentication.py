"""Authentication by API key: the only one that the API accepts."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import audit
from accounts.access.key_lookup import get_user
from accounts.principals.allowlists import allows_address, allows_referrer
from accounts.principals.principal import Principal
from gatewayz.request.client_address import client_address
from gatewayz.request.context import set_current_user_id, timed

KEY_DENIALS = {
    "inactive_key": "This API key is deactivated.",
    "inactive_user": "This account is deactivated.",
    "expired_key": "This API key has expired.",
}
ORIGIN_DENIALS = {
    "ip_not_allowed": "This API key may not be used from this address.",
    "referrer_not_allowed": "This API key may not be used from this site.",
}


class ApiKeyAuthentication(BaseAuthentication):
    """Turn `Authorization: Bearer gw_…` into a Principal on `request.user` and its key id on
    `request.auth`.

    Answers 401 when the key cannot be used, 403 when it cannot be used from this origin; the
    `code` names the first reason found. Scopes are checked afterwards, by the permissions.
    """

    def authenticate(self, request: Request) -> tuple[Principal, int | None] | None:
        header: str | None = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, api_key = header.partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationFailed(
                "Send the API key as `Authorization: Bearer <key>`.", code="malformed_credentials"
            )
        with timed("user_lookup"):
            principal = get_user(api_key.strip())
        if principal is None:
            raise AuthenticationFailed("This API key does not exist.", code="unknown_key")
        set_current_user_id(principal.user_id)
        key_denial = principal.denial_code()
        if key_denial is not None:
            audit.record_denial(principal, key_denial, request)
            raise AuthenticationFailed(KEY_DENIALS[key_denial], code=key_denial)
        origin_denial = _origin_denial(principal, request)
        if origin_denial is not None:
            audit.record_denial(principal, origin_denial, request)
            raise PermissionDenied(ORIGIN_DENIALS[origin_denial], code=origin_denial)
        return principal, principal.key_id

    def authenticate_header(self, request: Any) -> str:
        # DRF answers 403 instead of 401 to unauthenticated requests without this method.
        return "Bearer"


def _origin_denial(principal: Principal, request: Request) -> str | None:
    """Return why the key may not be used from this address or site, or None."""
    # Checked here and not by a permission, because a view can replace its permissions.
    if principal.ip_allowlist and not allows_address(
        principal.ip_allowlist, client_address(request)
    ):
        return "ip_not_allowed"
    if principal.domain_referrers and not allows_referrer(
        principal.domain_referrers,
        request.META.get("HTTP_ORIGIN", ""),
        request.META.get("HTTP_REFERER", ""),
    ):
        return "referrer_not_allowed"
    return None
