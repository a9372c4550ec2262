"""API keys: making, changing, rotating and ending them, and their HTTP face.

`lifecycle` holds the verbs, `bounds` says what a key may do to other keys, `usage` what keys were
used for. The format of a secret is in `accounts.principals.key_format`; a key is looked up by
`accounts.access.key_lookup`, over `accounts.principals.cached_keys`.
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
