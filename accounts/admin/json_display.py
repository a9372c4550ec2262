"""Showing JSON and other machine text to people."""

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString


def pretty_json(value: Any) -> SafeString:
    """Return indented JSON in a <pre> element; a dash for None."""
    return as_text("–" if value is None else json.dumps(value, indent=2, ensure_ascii=False))


def as_text(text: str) -> SafeString:
    """Return text, escaped, in a <pre> element that wraps."""
    return format_html('<pre class="gw-pre">{}</pre>', text)
