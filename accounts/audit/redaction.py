"""Removing secrets from values before they reach the audit log."""

import json
import re
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.principals import key_format

REDACTED = "[redacted]"

# Numbers with such names are not secret: `tokens_per_minute`, for instance.
_SECRET_NAME = re.compile(
    r"secret|password|passphrase|token|digest|api_?key$|private_?key|credential|authorization"
    r"|cookie|pepper|salt",
    re.IGNORECASE,
)


def redacted(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` as JSON values without secrets, found by field name or key format.

    Raises TypeError for values that are neither JSON nor dates or the like.
    """
    cleaned: dict[str, Any] = _clean(json.loads(json.dumps(values, cls=DjangoJSONEncoder)))
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key_format.redact(name, REDACTED): REDACTED
            if _SECRET_NAME.search(name) and not is_plain(inner)
            else _clean(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return key_format.redact(value, REDACTED) if isinstance(value, str) else value


def is_plain(value: Any) -> bool:
    """Whether a JSON value is a number, boolean or null: neither secret nor personal."""
    return value is None or isinstance(value, (bool, int, float))
