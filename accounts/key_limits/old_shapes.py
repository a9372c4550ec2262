"""Fields that clients of the old service expect in rate limits. See gatewayz.api.old_shapes."""

from typing import Any

from gatewayz.api.old_shapes import OldShape, numbers, status, with_status


def listed(user_id: int) -> OldShape:
    """The limits of each key, where what remains is always a number."""

    def shape(keys: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            **status(),
            "user_id": user_id,
            "rate_limit_configs": [
                {**key, "user_id": user_id, "current_status": numbers(key["current_status"])}
                for key in keys
            ],
        }

    return shape


def changed(key_id: int) -> OldShape:
    """The limits that a key now has."""
    return lambda limits: {**status(), "key_id": key_id, "updated_config": limits}


def changed_all(count: int) -> OldShape:
    """The limits that `count` keys now have."""
    return lambda limits: {**status(), "updated_count": count, "updated_config": limits}


def usage(window: str) -> OldShape:
    """The usage of one window."""
    return lambda key: with_status(
        key_id=key["key_id"],
        key_name=key["key_name"],
        time_window=window,
        usage_stats={"time_window": window, **key["usage_stats"][window]},
        rate_limit_config=key["rate_limit_config"],
    )(key)
