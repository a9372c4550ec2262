"""The contents of messages: text, or a list of parts, and further JSON."""

import unicodedata
from collections.abc import Iterator
from typing import Any

# Letters and symbols that show nothing: fillers of Hangul, and the empty pattern of Braille.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def text_of(content: Any) -> str:
    """The text of a message, for search and for places that can only show text.

    `content` is a string, a list of parts, or None. A part has its text in `text`, or there in
    `value`.
    """
    if isinstance(content, str):
        return content
    return "\n".join(_texts_of(content))


def _texts_of(parts: Any) -> Iterator[str]:
    for part in parts if isinstance(parts, list) else ():
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, dict):
            text = text.get("value")
        if isinstance(text, str):
            yield text


def is_visible(text: str) -> bool:
    """Whether any letter, number, punctuation or symbol of `text` can be seen."""
    return any(
        unicodedata.category(character)[0] in "LNPS" and character not in _BLANK
        for character in text
    )
