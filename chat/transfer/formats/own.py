"""Our own exports: a session with its `messages`, or a line each for sessions and messages."""

from collections.abc import Iterator, Mapping
from typing import Any

from chat.messages.serializers import OF_THE_SERVICE as OF_MESSAGES
from chat.sessions.serializers import OF_THE_SERVICE as OF_SESSIONS
from chat.transfer.formats.conversations import Conversation, UnreadableError

NAME = "gatewayz"

# Fields of a session that a request to a model does not have.
_OF_A_SESSION = frozenset(
    {
        *("title", "created_at", "updated_at", "is_pinned", "is_archived", "external_id"),
        *("end_user_id", "tags", "folder", "current_message_id"),
    }
)
# Fields that only the service sets, not even an import.
_LEFT_OUT_OF_SESSIONS = (OF_SESSIONS | {"type"}) - {
    *("created_at", "updated_at", "is_pinned", "is_archived", "current_message_id"),
}
_LEFT_OUT_OF_MESSAGES = (OF_MESSAGES | {"type"}) - {"id", "edited", "updated_at"}

_SESSIONS = ("session", "chat_session")
_MESSAGES = ("message", "chat_message")
# The first line of an account's export is its profile.
_KINDS = (*_SESSIONS, *_MESSAGES, "profile", "end")


def matches(document: Mapping[str, Any]) -> bool:
    """Whether this is a session with its messages."""
    return "messages" in document and not _OF_A_SESSION.isdisjoint(document)


def conversation(document: dict[str, Any]) -> Conversation:
    """The conversation as it is: `ChatInput` tells what is wrong with it."""
    return Conversation(document, {})


def is_line(document: Mapping[str, Any]) -> bool:
    """Whether this is a line of our export of everything."""
    return "messages" not in document and document.get("type") in _KINDS


def begins_session(line: Mapping[str, Any]) -> bool:
    """Whether this line is a session whose messages follow it, and which needs no line before."""
    return line.get("type") == "session"


class Lines:
    """Assembles the lines of an export of everything into conversations.

    It holds one conversation at a time; for the export of an account, in which all sessions come
    before all messages, it also holds the lines of the sessions. `count` is the number of earlier
    lines that were not passed to it.
    """

    def __init__(self, count: int = 0) -> None:
        self._waiting: dict[str, tuple[str, dict[str, Any]]] = {}
        self._open: tuple[str, dict[str, Any]] | None = None
        self._open_key = ""
        self._count = count
        self._is_whole = False

    def add(self, place: str, line: dict[str, Any]) -> Iterator[tuple[str, Conversation]]:
        """Take the next line. Yields the conversation that it completes, with its place."""
        kind = line.get("type")
        self._is_whole = kind == "end" and line.get("lines") in (self._count, None)
        self._count += 1
        if kind in _SESSIONS and line.get("is_active") is not False:  # else it is in the trash
            opened = (place, {**_named(line), "messages": []})
            if kind == "chat_session":
                self._waiting[str(line.get("id"))] = opened
            else:
                yield from self._close()
                self._open, self._open_key = opened, str(line.get("id"))
        elif kind in _MESSAGES:
            yield from self._add_message(line)

    def _add_message(self, line: dict[str, Any]) -> Iterator[tuple[str, Conversation]]:
        key = str(line.get("session_id"))
        if key != self._open_key:
            yield from self._close()
            self._open, self._open_key = self._waiting.pop(key, None), key
        if self._open is not None:  # else its session is in the trash
            message = {
                name: value for name, value in line.items() if name not in _LEFT_OUT_OF_MESSAGES
            }
            message["parent_id"] = line.get("parent_id") or 0
            self._open[1]["messages"].append(message)

    def end(self) -> Iterator[tuple[str, Conversation]]:
        """Yield what is left. Raises UnreadableError unless the last line ended the export."""
        yield from self._close()
        for place, fields in self._waiting.values():
            yield place, Conversation(fields, {})
        if not self._is_whole:
            raise UnreadableError("The last line is missing: the export was cut off.")

    def _close(self) -> Iterator[tuple[str, Conversation]]:
        if self._open is not None:
            place, fields = self._open
            yield place, Conversation(fields, {})
        self._open, self._open_key = None, ""


def _named(line: dict[str, Any]) -> dict[str, Any]:
    """The fields of a session, with a name that identifies it if its client gave none."""
    fields = {name: value for name, value in line.items() if name not in _LEFT_OUT_OF_SESSIONS}
    if not fields.get("external_id"):
        fields["external_id"] = f"gatewayz:{line.get('id')}:{line.get('created_at')}"
    return fields
