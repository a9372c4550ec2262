"""Who makes a request."""

import time
from typing import Literal

import msgspec

Refusal = Literal["inactive_key", "inactive_user", "expired_key"]


class Principal(msgspec.Struct, frozen=True, array_like=True):
    """The user and key behind a request: what authentication knows, and all that it caches.

    It stands on `request.user`, so it has what DRF expects there. `key_id` is None for a key
    that the old service kept in its users table; `expires_at` is in seconds since the epoch,
    the end of the key or, for the secret before a rotation, of its grace. Its JSON form
    is an array: change _VERSION in `accounts.key_entries` with its fields.
    """

    user_id: int
    key_id: int | None
    key_is_active: bool
    user_is_active: bool
    is_staff: bool
    environment_tag: str
    expires_at: float | None
    # See accounts.scopes.
    scopes: dict[str, list[str]] = {}
    # See accounts.allowlists.
    ip_allowlist: tuple[str, ...] = ()
    domain_referrers: tuple[str, ...] = ()
    max_requests: int | None = None

    @property
    def pk(self) -> int:
        return self.user_id

    @property
    def is_authenticated(self) -> bool:
        return True

    def refusal(self) -> Refusal | None:
        """Why this principal may not act now: the first reason that holds, or None."""
        if not self.key_is_active:
            return "inactive_key"
        if not self.user_is_active:
            return "inactive_user"
        if self.expires_at is not None and self.expires_at <= time.time():
            return "expired_key"
        return None
