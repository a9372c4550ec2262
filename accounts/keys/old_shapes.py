"""Fields of keys that clients of the old service send and expect. See gatewayz.api.old_shapes."""

from typing import Any

from accounts.principals.scopes import LEVELS, RESOURCES
from gatewayz.api.old_shapes import OldShape, status, with_status

# Names of the old service for our resources.
_RESOURCES = {"api_keys": "keys"}


def scopes(given: Any) -> Any:
    """Old scopes, which name resources by level with `*` for all, as ours; others as they are.

    `{"read": ["*"], "write": ["*"], "admin": ["*"]}` is everything.
    """
    if not isinstance(given, dict) or not given or not LEVELS.issuperset(given):
        return given
    if given.get("admin") == ["*"]:
        return {}
    levels_of: dict[str, list[str]] = {}
    for level, named in given.items():
        if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
            return given
        for name in sorted(RESOURCES) if "*" in named else named:
            levels_of.setdefault(_RESOURCES.get(name, name), []).append(level)
    return levels_of


def new_key(key: dict[str, Any]) -> dict[str, Any]:
    """A key with its secret."""
    same = ("key_name", "environment_tag")
    return {**status(), **{name: key[name] for name in same}}


def changed_key(key: dict[str, Any]) -> dict[str, Any]:
    """A key after a change."""
    return {**status(), "updated_key": key}


def rotated_key(key: dict[str, Any]) -> dict[str, Any]:
    """A key with its new secret."""
    return {**new_key(key), "updated_key": key}


def rotated_keys(data: dict[str, Any]) -> dict[str, Any]:
    """All keys with their new secrets."""
    return {**status(), **data}


def deleted_key(key_id: int) -> OldShape:
    """The id of the key that is gone."""
    return with_status(deleted_key_id=key_id)


def listed(total: int) -> OldShape:
    """A list of keys, of `total` ones."""
    return lambda keys: {**status(), "keys": keys, "total_keys": total}


def usage(user_id: int, total: int, keys: list[Any]) -> OldShape:
    """The counts of each of `keys`, as the old service named them."""
    same = (
        "key_name",
        "environment_tag",
        "is_active",
        "is_primary",
        "requests_used",
        "max_requests",
        "created_at",
        "last_used_at",
    )

    def shape(data: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            **status(),
            "user_id": user_id,
            "total_keys": total,
            "keys": [
                {
                    "key_id": key.pk,
                    "api_key": key.masked,
                    **{name: getattr(key, name) for name in same},
                    "requests_remaining": shown["requests_remaining"],
                    "usage_percentage": shown["usage_percentage"],
                }
                for key, shown in zip(keys, data, strict=True)
            ],
        }

    return shape
