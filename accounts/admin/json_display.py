"""JSON, and other text of machines, as people read it."""

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString


def pretty_json(value: Any) -> SafeString:
    """JSON laid out."""
    return as_text(json.dumps(value, indent=2, ensure_ascii=False))


def as_text(text: str) -> SafeString:
    """Text as it is, wrapped."""
    return format_html('<pre class="gw-pre">{}</pre>', text)
