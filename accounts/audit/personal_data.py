"""Personal data: kept beside the chain, under a commitment that is in it.

Addresses, names and all other text may be personal. An entry keeps of these the SHA-256 of a
random salt and the data; when both are erased, the chain still holds, and nobody can tell what
they were. Numbers, true, false and null stay in the entry.
"""

import hashlib
import json
import secrets
from typing import Any

from accounts.audit.redaction import is_plain
from accounts.models import AuditPersonalData

_SALT_BYTES = 16


def split(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that an entry may keep for ever, and those that may be personal."""
    plain = {name: value for name, value in values.items() if is_plain(value)}
    return plain, {name: value for name, value in values.items() if name not in plain}


def sealed(user_id: int, data: dict[str, Any]) -> tuple[str, AuditPersonalData]:
    """The commitment to the data of one person, and the row that holds it, for some entry."""
    row = AuditPersonalData(
        user_id=user_id, salt=secrets.token_hex(_SALT_BYTES), content=json.dumps(data)
    )
    return commitment(row.salt, row.content), row


def commitment(salt: str, content: str) -> str:
    """SHA-256 of the salt and the data, 64 hexadecimal characters."""
    return hashlib.sha256((salt + content).encode()).hexdigest()
