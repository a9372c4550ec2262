"""What a message may hold: text, or a list of parts, and JSON beside it."""

from typing import Any

# Far above what models take, and below what JSON encoders and PostgreSQL bear.
MAX_DEPTH = 64


class UnstorableJsonError(ValueError):
    """JSON that PostgreSQL would not keep as it is. The message is for clients."""


def check_storable(value: Any) -> None:
    """Look through parsed JSON, however it is nested.

    Raises UnstorableJsonError at U+0000, which PostgreSQL cannot hold, and below MAX_DEPTH levels.
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
        level, depth = inner, depth + 1


def text_of(content: str | list[dict[str, Any]]) -> str:
    """The words of a message: what is searched and shown where only text can be."""
    if isinstance(content, str):
        return content
    texts = (part.get("text") for part in content)
    return "\n".join(text for text in texts if isinstance(text, str))
