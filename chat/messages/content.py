"""What a message may hold: text, or a list of parts, and JSON beside it."""

import unicodedata
from collections.abc import Iterator
from typing import Any

from gatewayz.api.bodies import HugeNumber

# Far above what models take, and below what JSON encoders and PostgreSQL bear.
MAX_DEPTH = 64


# Letters and symbols that show nothing: fillers of Hangul, and the empty pattern of Braille.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")


class UnstorableJsonError(ValueError):
    """JSON that PostgreSQL would not keep as it is. The message is for clients."""


def check_storable(value: Any, *, takes_any_number: bool = False) -> None:
    """Look through parsed JSON, however it is nested.

    Raises UnstorableJsonError at U+0000, which PostgreSQL cannot hold, below MAX_DEPTH levels, and
    at a number that a float cannot hold unless it `takes_any_number`.
    """
    # Level by level and not by recursion, which depth would break.
    level, depth = [value], 0
    while level:
        if depth > MAX_DEPTH:
            raise UnstorableJsonError(f"JSON may be nested {MAX_DEPTH} levels deep at most.")
        inner: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if "\x00" in item:
                    raise UnstorableJsonError("Null characters are not allowed.")
            elif isinstance(item, dict):
                inner += item.keys()
                inner += item.values()
            elif isinstance(item, list):
                inner += item
            elif isinstance(item, HugeNumber) and not takes_any_number:
                raise UnstorableJsonError("A number is too large.")
        level, depth = inner, depth + 1


def text_of(content: Any) -> str:
    """The words of a message: what is searched and shown where only text can be.

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
