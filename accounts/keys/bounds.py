"""What a key may do to keys: only to those, and only so, that none may do more than it does.

Otherwise one that got into the wrong hands could make itself, or have made, another that may do
more, longer and from elsewhere.
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
    default_code = "exceeds_own_key"

    def __init__(self, field: str) -> None:
        super().__init__(
            f"The API key of this request may not manage a key with this {field}: "
            "it would exceed its own."
        )


def own_bounds(by: Principal) -> dict[str, Any]:
    """The fields of a key that is bounded as that of `by`."""
    return {
        "environment_tag": by.environment_tag,
        "scope_permissions": by.scopes,
        "ip_allowlist": list(by.ip_allowlist),
        "domain_referrers": list(by.domain_referrers),
        "expiration_date": _ends_at(by),
    }


def check_within(by: Principal, key: ApiKey) -> None:
    """Raise ExceedsOwnKey (403) if `key` may do anything that the key of `by` may not.

    One of the live environment may manage those of all, another only those of its own. One that
    is limited in requests manages none with more than its own number.
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
    """The rate limits (fields of RateLimitConfig) that the key of `by` may not get around.

    One that may do everything to limits, `limits: admin` or without scopes, is bound by the plan
    only: otherwise nobody could take back what was set for all keys.
    """
    if by.limits is None or scopes.allows(by.scopes, "limits", "admin"):
        return {}
    limits = {field: getattr(by.limits.key, name) for name, field in KEY_LIMITS}
    return limits if any(limits.values()) else {}


def check_limits_within(by: Principal, limits: Mapping[str, int]) -> None:
    """Raise ExceedsOwnKey (403) if one of `limits` is above that of the key of `by`; 0 is none."""
    for name, bound in own_limits(by).items():
        if bound and name in limits and not 0 < limits[name] <= bound:
            raise ExceedsOwnKey(name)


def check_may_add(by: Principal) -> None:
    """Raise ExceedsOwnKey (403) if the key of `by` is limited in requests.

    Those of the keys that it made would come on top.
    """
    if by.max_requests is not None:
        raise ExceedsOwnKey("max_requests")


def _at_most(value: Any, bound: Any) -> bool:
    """Whether a limit, for which None is none, is within another."""
    return value is not None and value <= bound


def _ends_at(by: Principal) -> datetime | None:
    return None if by.expires_at is None else datetime.fromtimestamp(by.expires_at, UTC)
