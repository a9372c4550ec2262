"""The one authentication of the API: a bearer key."""

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
    "inactive_key": "This API key has been switched off.",
    "inactive_user": "This account has been switched off.",
    "expired_key": "This API key has expired.",
}
ORIGIN_DENIALS = {
    "ip_not_allowed": "This API key may not be used from this address.",
    "referrer_not_allowed": "This API key may not be used from this site.",
}


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer gw_…` → a Principal on `request.user`, its key id on `request.auth`.

    The `code` names the first thing that is wrong: 401 when the key may not be used, 403 when
    it may not be used from there. What it may do is for permissions, which come after it.
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
            raise AuthenticationFailed("This API key is not known.", code="unknown_key")
        key_denial = principal.denial_code()
        if key_denial is not None:
            audit.record_denial(principal, key_denial, request)
            raise AuthenticationFailed(KEY_DENIALS[key_denial], code=key_denial)
        origin_denial = _origin_denial(principal, request)
        if origin_denial is not None:
            audit.record_denial(principal, origin_denial, request)
            raise PermissionDenied(ORIGIN_DENIALS[origin_denial], code=origin_denial)
        set_current_user_id(principal.user_id)
        return principal, principal.key_id

    def authenticate_header(self, request: Any) -> str:
        # Without it, DRF would answer 403 where 401 is right.
        return "Bearer"


def _origin_denial(principal: Principal, request: Request) -> str | None:
    """Why the key may not be used from where this comes from, or None."""
    # Not a permission, which a view that names its own would not have.
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
