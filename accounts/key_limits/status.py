"""The limits, usage and remaining requests of keys, by the names of the API."""

from collections.abc import Sequence
from typing import Any

from accounts.limits.store import KeyUsage, usage_of_keys
from accounts.models import ApiKey, RateLimitConfig
from accounts.models.rate_limits import LIMIT_FIELDS, WINDOW_FIELDS
from accounts.principals.principal import Limits, Principal

WINDOWS = ("minute", "hour", "day")


def describe_keys(owner: Principal, keys: Sequence[ApiKey]) -> list[dict[str, Any]]:
    """Describe the limits, the usage and what remains of each of the owner's `keys`.

    One Redis round trip for all keys, which changes no count. Only what is limited is counted:
    otherwise usage is 0 and what remains is None. Select `rate_limits` with the keys.

    Raises redis.exceptions.RedisError.
    """
    used = usage_of_keys(owner.user_id, [key.pk for key in keys])
    return [_describe(key, used[key.pk]) for key in keys]


def limits_of_key(owner: Principal) -> dict[str, int]:
    """The limits per window that apply to the caller's key: its own, or else those of the plan.

    0 where there is no limit.
    """
    limits = owner.limits or Limits()
    return {
        name: getattr(limits.key, name) or getattr(limits.user, name) for name in WINDOW_FIELDS
    }


def _describe(key: ApiKey, used: KeyUsage) -> dict[str, Any]:
    config: RateLimitConfig | None = getattr(key, "rate_limits", None)
    allowed = {name: getattr(config, name, 0) for name in LIMIT_FIELDS}
    status: dict[str, int | None] = {
        f"{what}_remaining_{window}": _remaining(
            allowed[f"{what}_per_{window}"], getattr(used, f"{what}_per_{window}")
        )
        for window in WINDOWS
        for what in ("requests", "tokens")
    }
    status["concurrent_remaining"] = _remaining(
        allowed["concurrency_limit"], used.concurrent_requests
    )
    return {
        "key_id": key.pk,
        "api_key": key.masked,
        "key_name": key.key_name,
        "environment_tag": key.environment_tag,
        "is_configured": config is not None,
        "rate_limit_config": allowed,
        "usage_stats": {
            **{
                window: {
                    "total_requests": getattr(used, f"requests_per_{window}"),
                    "total_tokens": getattr(used, f"tokens_per_{window}"),
                }
                for window in WINDOWS
            },
            "concurrent_requests": used.concurrent_requests,
        },
        "current_status": status,
    }


def _remaining(allowed: int, used: int) -> int | None:
    return max(0, allowed - used) if allowed else None
