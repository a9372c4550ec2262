"""The shape in which every format hands its conversations over."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec


class UnreadableError(ValueError):
    """A conversation, or a file, that cannot be read. The message is for clients."""


class Conversation(NamedTuple):
    """A conversation of a file.

    `fields` is a body of `ChatInput`. `rest` is what has no field there, by the name that it has
    in the file: it is kept as metadata if there is room for it.
    """

    fields: dict[str, Any]
    rest: dict[str, Any]


def without(given: Mapping[str, Any], used: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what `given` holds besides the fields of `used`, and is not empty."""
    names = used.__struct_fields__
    return {
        name: value
        for name, value in given.items()
        if name not in names and value not in (None, "", [], {})
    }
