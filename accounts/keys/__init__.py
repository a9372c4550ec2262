"""API keys: making, changing, rotating and ending them, and their HTTP face.

`changes` holds the verbs, `bounds` what a key may do to keys, `usage` what keys were used for.
How a secret looks is in `accounts.key_format`; looking one up is `accounts.key_cache`, over
`accounts.key_entries`.
"""

from accounts.keys.changes import (
    MAX_GRACE_SECONDS,
    KeyNameTaken,
    LastManagingKey,
    TooManyKeys,
    create_key,
    delete_key,
    revoke_key,
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
    "delete_key",
    "revoke_key",
    "rotate_key",
    "rotate_keys",
    "update_key",
]
