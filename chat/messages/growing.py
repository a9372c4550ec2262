"""The messages in progress that this process has seen.

An answer is saved fifty times while it is written, and each save is counted by the limit of such
updates or by the usual one. Without this memory, each would first ask the database which.
"""

import math

from chat.models import ChatMessage
from gatewayz.caching.local import Entry, LocalLevel

_MAX_MESSAGES = 2_000

_SEEN = Entry(b"", math.inf)
_seen = LocalLevel(_MAX_MESSAGES)


def was_growing(user_id: int, session_id: int, message: int | str) -> bool:
    """Whether a message was in progress when this process last saved it.

    Another process may have completed it since; this one notices at its next save.

    Args:
        user_id: the owner of the message.
        session_id: the session that it is in.
        message: its id or its `client_id`.
    """
    return _seen.get(_name(user_id, session_id, message)) is not None


def note(message: ChatMessage) -> None:
    """Remember whether a message that was just saved is in progress."""
    names = [
        _name(message.user_id, message.session_id, known_as)
        for known_as in (message.pk, message.client_id)
        if known_as is not None
    ]
    if not is_growing(message):
        _seen.forget(names)
        return
    for name in names:
        _seen.put(name, _SEEN, unless_changed_since=_seen.changes)


def is_growing(message: ChatMessage) -> bool:
    """Whether a message is still being written."""
    return message.status == ChatMessage.Status.IN_PROGRESS


def _name(user_id: int | None, session_id: int, message: int | str) -> str:
    return f"{user_id}:{session_id}:{message!r}"
