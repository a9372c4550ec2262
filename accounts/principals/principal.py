"""The principal: the user and key behind a request."""

import time
from typing import Any, Literal

import msgspec
from rest_framework.request import Request

# The largest limits that can be set. Lua counts exactly up to 2^53, and statements that add up the
# limits of many users must not overflow.
MAX_LIMIT = 10**12
MAX_CONCURRENCY = 100_000

DenialCode = Literal["inactive_key", "inactive_user", "expired_key"]


class Allowance(msgspec.Struct, frozen=True, array_like=True):
    """The limits of a user or a key; 0 means unlimited. See accounts.limits.scripts."""

    requests_per_minute: int = 0
    requests_per_hour: int = 0
    requests_per_day: int = 0
    requests_per_month: int = 0
    tokens_per_minute: int = 0
    tokens_per_hour: int = 0
    tokens_per_day: int = 0
    tokens_per_month: int = 0
    concurrent_requests: int = 0

    @property
    def limits_tokens(self) -> bool:
        return bool(
            self.tokens_per_minute
            or self.tokens_per_hour
            or self.tokens_per_day
            or self.tokens_per_month
        )


class Limits(msgspec.Struct, frozen=True, array_like=True):
    """The limits of the user's plan and those of the key itself."""

    user: Allowance = Allowance()
    key: Allowance = Allowance()


class Principal(msgspec.Struct, frozen=True, array_like=True):
    """The user and key behind a request: everything that authentication knows and caches.

    It is `request.user`, so it has the attributes that DRF expects there. `key_id` is None for a
    key that the old service stored in its users table. `expires_at`, in seconds since the epoch,
    is when the key expires or, for the secret before a rotation, when its grace period ends. Its
    JSON form is an array: change _VERSION in `accounts.principals.cached_keys` with its fields.
    """

    user_id: int
    key_id: int | None
    key_is_active: bool
    user_is_active: bool
    is_staff: bool
    environment_tag: str
    expires_at: float | None
    # See accounts.principals.scopes.
    scopes: dict[str, list[str]] = {}
    # See accounts.principals.allowlists.
    ip_allowlist: tuple[str, ...] = ()
    domain_referrers: tuple[str, ...] = ()
    # See accounts.limits. `requests_used` is the database's count when the key was loaded.
    max_requests: int | None = None
    requests_used: int = 0
    limits: Limits | None = None
    # See accounts.plans.storage.
    storage_is_used_up: bool = False

    @classmethod
    def without_key(cls, user_id: int) -> "Principal":
        """Return a principal with which the service itself reads what a user owns."""
        return cls(user_id, None, True, True, False, "live", None)

    @property
    def pk(self) -> int:
        return self.user_id

    def __getitem__(self, name: str) -> Any:
        """`user["id"]`, as code written for the old service reads a user. Deprecated."""
        try:
            return getattr(self, "user_id" if name == "id" else name)
        except (AttributeError, TypeError) as exc:
            raise KeyError(name) from exc

    @property
    def is_authenticated(self) -> bool:
        return True

    def denial_code(self) -> DenialCode | None:
        """Return why this principal may not act now, the first reason that applies, or None."""
        if not self.key_is_active:
            return "inactive_key"
        if not self.user_is_active:
            return "inactive_user"
        if self.expires_at is not None and self.expires_at <= time.time():
            return "expired_key"
        return None


class AuthenticatedRequest(Request):
    """A request that has passed authentication, for type hints in views."""

    user: Principal  # type: ignore[assignment]
