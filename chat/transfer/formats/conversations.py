"""The form in which every format returns its conversations."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec


class UnreadableError(ValueError):
    """A conversation, or a file, that cannot be read. The message is for clients."""


class Conversation(NamedTuple):
    """A conversation of a file.

    `fields` is a body for `ChatInput`. `rest` holds what has no field there, by its name in the
    file; it is kept as metadata if there is room.
    """

    fields: dict[str, Any]
    rest: dict[str, Any]


def without(given: Mapping[str, Any], used: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the values of `given` that are not empty and not among the fields of `used`."""
    names = used.__struct_fields__
    return {
        name: value
        for name, value in given.items()
        if name not in names and value not in (None, "", [], {})
    }
