"""Cursors of searches: the end of a page, as text that clients pass back unread."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from rest_framework.exceptions import ValidationError

_LENGTH = 4


def cursor_at(offset: int) -> str:
    """The cursor of the page that begins after `offset` matches."""
    return urlsafe_b64encode(b"s" + offset.to_bytes(_LENGTH)).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """The offset at which the page of `cursor` begins.

    Raises ValidationError for anything that `cursor_at` did not make.
    """
    try:
        packed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (Error, ValueError):
        packed = b""
    offset = int.from_bytes(packed[1:])
    if len(packed) != _LENGTH + 1 or cursor_at(offset) != cursor:
        raise ValidationError({"cursor": ["This is not a cursor of a search."]})
    return offset
