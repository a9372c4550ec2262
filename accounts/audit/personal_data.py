"""Personal data of audit entries, stored outside the hash chain.

Addresses, names and any other text may be personal. For these, the chain holds only a commitment:
the SHA-256 of a random salt and the data. After both are erased, the chain is still valid, and
nobody can find out what the data was. Numbers, booleans and null stay in the entry.
"""

import hashlib
import json
import secrets
from typing import Any

from accounts.audit.redaction import is_plain
from accounts.models import AuditPersonalData

_SALT_BYTES = 16


def split(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split values into those that an entry may keep for ever and those that may be personal."""
    plain = {name: value for name, value in values.items() if is_plain(value)}
    return plain, {name: value for name, value in values.items() if name not in plain}


def sealed(user_id: int, data: dict[str, Any]) -> tuple[str, AuditPersonalData]:
    """Return the commitment to one person's data, and the unsaved row that holds the data."""
    row = AuditPersonalData(
        user_id=user_id, salt=secrets.token_hex(_SALT_BYTES), content=json.dumps(data)
    )
    return commitment(row.salt, row.content), row


def commitment(salt: str, content: str) -> str:
    """Return the SHA-256 of the salt and the data as 64 hexadecimal characters."""
    return hashlib.sha256((salt + content).encode()).hexdigest()
