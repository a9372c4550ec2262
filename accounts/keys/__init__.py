"""API keys: creating, changing, rotating and deleting them, and their views.

`lifecycle` holds the verbs, `bounds` limits what one key may do to another, `usage_totals` sums up
what keys were used for. `accounts.principals.key_format` defines the secret;
`accounts.access.key_lookup` looks keys up through `accounts.principals.cached_keys`.
"""

from accounts.keys.lifecycle import (
    MAX_GRACE_SECONDS,
    KeyNameTaken,
    LastManagingKey,
    TooManyKeys,
    create_key,
    deactivate_key,
    delete_key,
    rotate_key,
    rotate_keys,
    update_key,
)

__all__ = [
    "MAX_GRACE_SECONDS",
    "KeyNameTaken",
    "LastManagingKey",
    "TooManyKeys",
    "create_key",
    "deactivate_key",
    "delete_key",
    "rotate_key",
    "rotate_keys",
    "update_key",
]
