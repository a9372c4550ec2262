"""Bounds on managing keys: no key may create or change one that may do more than itself.

Otherwise a stolen key could create another that may do more, for longer or from elsewhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rest_framework.exceptions import PermissionDenied

from accounts.access.key_lookup import KEY_LIMITS
from accounts.models import ApiKey, RateLimitConfig
from accounts.principals import allowlists, scopes
from accounts.principals.principal import Principal


class ExceedsOwnKey(PermissionDenied):
    """403: the request would give a key more rights than the calling key has."""

    default_code = "exceeds_own_key"

    def __init__(self, field: str) -> None:
        super().__init__(
            f"The API key of this request cannot manage a key with this {field}, "
            "because it exceeds its own."
        )


def own_bounds(by: Principal) -> dict[str, Any]:
    """Return the fields of a new key that has the same bounds as the key of `by`."""
    return {
        "environment_tag": by.environment_tag,
        "scope_permissions": by.scopes,
        "ip_allowlist": list(by.ip_allowlist),
        "domain_referrers": list(by.domain_referrers),
        "expiration_date": _ends_at(by),
    }


def check_within(by: Principal, key: ApiKey) -> None:
    """Raise ExceedsOwnKey (403) if `key` may do anything that the key of `by` may not.

    A live key may manage keys of every environment, another key only those of its own. A key with
    `max_requests` may manage only keys with no more than that.
    """
    if by.environment_tag not in {ApiKey.Environment.LIVE, key.environment_tag}:
        raise ExceedsOwnKey("environment_tag")
    if not scopes.covers(by.scopes, key.scope_permissions):
        raise ExceedsOwnKey("scope_permissions")
    if not allowlists.covers_addresses(by.ip_allowlist, tuple(key.ip_allowlist)):
        raise ExceedsOwnKey("ip_allowlist")
    if not allowlists.covers_referrers(by.domain_referrers, key.domain_referrers):
        raise ExceedsOwnKey("domain_referrers")
    if by.max_requests is not None and not _at_most(key.max_requests, by.max_requests):
        raise ExceedsOwnKey("max_requests")
    ends_at = _ends_at(by)
    if ends_at is not None and not _at_most(key.expiration_date, ends_at):
        raise ExceedsOwnKey("expiration_date")
    if own_limits(by) and key.pk is not None:
        config = RateLimitConfig.objects.filter(api_key_id=key.pk).first()
        check_limits_within(by, {name: getattr(config, name, 0) for _, name in KEY_LIMITS})


def own_limits(by: Principal) -> dict[str, int]:
    """Return the rate limits (fields of RateLimitConfig) that bind what the key of `by` may grant.

    A key that may administer limits, by `limits: admin` or by having no scopes, is bound only by
    the plan: otherwise nobody could undo limits that were set for all keys.
    """
    if by.limits is None or scopes.allows(by.scopes, "limits", "admin"):
        return {}
    limits = {field: getattr(by.limits.key, name) for name, field in KEY_LIMITS}
    return limits if any(limits.values()) else {}


def check_limits_within(by: Principal, limits: Mapping[str, int]) -> None:
    """Raise ExceedsOwnKey (403) if a limit exceeds that of the key of `by`; 0 means unlimited."""
    for name, bound in own_limits(by).items():
        if bound and name in limits and not 0 < limits[name] <= bound:
            raise ExceedsOwnKey(name)


def check_may_add(by: Principal) -> None:
    """Raise ExceedsOwnKey (403) if the key of `by` has `max_requests`.

    The requests of the keys that it created would come on top of its own.
    """
    if by.max_requests is not None:
        raise ExceedsOwnKey("max_requests")


def _at_most(value: Any, bound: Any) -> bool:
    """Whether a limit, where None means unlimited, is within `bound`."""
    return value is not None and value <= bound


def _ends_at(by: Principal) -> datetime | None:
    return None if by.expires_at is None else datetime.fromtimestamp(by.expires_at, UTC)
