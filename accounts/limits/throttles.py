"""The rate limits as DRF throttles, which run after authentication and permissions."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.limits.admission import admit_address, admit_request
from accounts.principals.principal import Principal
from gatewayz.request.client_address import client_address

PUBLIC_REQUESTS_PER_MINUTE = 300


class PrincipalThrottle(BaseThrottle):
    """Apply the limits of the key and of its user's plan."""

    def allow_request(self, request: Request, view: Any) -> bool:
        # Public views have no principal, and a throttle of their own.
        if isinstance(request.user, Principal):
            admit_request(request.user)
        return True


class AddressThrottle(BaseThrottle):
    """Allow PUBLIC_REQUESTS_PER_MINUTE from each address; for public views."""

    def allow_request(self, request: Request, view: Any) -> bool:
        admit_address(
            "public",
            client_address(request),
            limit=PUBLIC_REQUESTS_PER_MINUTE,
            window_seconds=60,
        )
        return True
