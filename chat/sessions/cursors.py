"""Keyset cursors of session lists: the end of a page, as text that clients pass back unread."""

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta

from rest_framework.exceptions import ValidationError

# Microseconds since the epoch and the id, both signed 64-bit, big-endian.
_FORMAT = struct.Struct(">qq")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor_after(time: datetime, session_id: int) -> str:
    """Return the cursor of the page that follows the session with this time and id."""
    packed = _FORMAT.pack((time - _EPOCH) // _MICROSECOND, session_id)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """Return the time and id that `cursor` encodes.

    Raises ValidationError for anything that `cursor_after` did not make.
    """
    try:
        packed = base64.b64decode(cursor + "==", altchars=b"-_", validate=True)
        microseconds, session_id = _FORMAT.unpack(packed)
        return _EPOCH + microseconds * _MICROSECOND, session_id
    except (binascii.Error, struct.error, OverflowError, ValueError) as exc:
        raise ValidationError({"cursor": ["This is not a cursor of this list."]}) from exc
