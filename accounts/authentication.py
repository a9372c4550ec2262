"""The one authentication of the API: a bearer key."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import audit
from accounts.key_cache import get_user
from accounts.principal import Principal
from gatewayz.request_context import timed

_REFUSALS = {
    "inactive_key": "This API key has been switched off.",
    "inactive_user": "This account has been switched off.",
    "expired_key": "This API key has expired.",
}


class AuthenticatedRequest(Request):
    """What a view gets, for type hints."""

    user: Principal  # type: ignore[assignment]


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer gw_…` → a Principal on `request.user`, its key id on `request.auth`.

    The `code` of the 401 names the first thing that is wrong.
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
        refusal = principal.refusal()
        if refusal is not None:
            audit.record_refusal(principal, refusal, request)
            raise AuthenticationFailed(_REFUSALS[refusal], code=refusal)
        return principal, principal.key_id

    def authenticate_header(self, request: Any) -> str:
        # Without it, DRF would answer 403 where 401 is right.
        return "Bearer"
