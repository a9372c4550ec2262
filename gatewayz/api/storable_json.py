"""JSON of clients that is kept in the database."""

from typing import Any

from rest_framework.exceptions import ValidationError

from gatewayz.api.bodies import HugeNumber

# Far deeper than models accept, and less than JSON encoders and PostgreSQL can take.
MAX_DEPTH = 64


class UnstorableJsonError(ValidationError):
    """400: JSON that PostgreSQL would not keep as it is."""


def check_storable(value: Any, *, takes_any_number: bool = False) -> None:
    """Look through parsed JSON, however it is nested.

    Raises UnstorableJsonError at U+0000, which PostgreSQL cannot hold, below MAX_DEPTH levels, and
    at a number that a float cannot hold unless it `takes_any_number`.
    """
    # Level by level, because recursion would fail on a deep value.
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
