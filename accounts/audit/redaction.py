"""Keeping secrets out of the audit log."""

import json
import re
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.principals import key_format

REDACTED = "[redacted]"

# A number by such a name is none, such as `tokens_per_minute`.
_SECRET_NAME = re.compile(
    r"secret|password|passphrase|token|digest|api_?key$|private_?key|credential|authorization"
    r"|cookie|pepper|salt",
    re.IGNORECASE,
)


def redacted(values: dict[str, Any]) -> dict[str, Any]:
    """`values` as JSON has them, without secrets: by the name of the field, or in any text.

    Raises TypeError for what is no JSON, dates and the like excepted.
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
    """Whether a value of JSON is a number, true, false or null: neither secret nor personal."""
    return value is None or isinstance(value, (bool, int, float))
