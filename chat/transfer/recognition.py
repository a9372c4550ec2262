"""Recognises which product exported a file, and reads its conversations."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import msgspec

from chat.transfer.documents import Document, Position
from chat.transfer.formats import (
    anthropic,
    chatgpt,
    claude,
    librechat,
    open_webui,
    openai,
    own,
)
from chat.transfer.formats.conversations import Conversation, UnreadableError


class Format(Protocol):
    """The interface of each module of `chat.transfer.formats`."""

    NAME: str

    def matches(self, document: dict[str, Any], /) -> bool:
        """Whether a JSON object is a conversation of this format."""

    def conversation(self, document: dict[str, Any], /) -> Conversation:
        """Read it. Raises msgspec.ValidationError or UnreadableError."""


# The first match counts: our own come before requests to models, which look alike.
FORMATS: tuple[Format, ...] = (
    chatgpt,
    claude,
    open_webui,
    librechat,
    own,
    anthropic,
    openai,
)

# Products whose conversations have ids, by which they are recognised.
OF_PRODUCTS = frozenset(known.NAME for known in (chatgpt, claude, open_webui, librechat))

# Names of the field of an object that lists conversations.
_LISTS = ("conversations", "chats", "sessions", "data")

_NOT_KNOWN = "This is not a conversation in a known form."


class Found(NamedTuple):
    """A conversation of a file, or what is wrong with it; `format` is empty when not known.

    `after` is where the reading of the file can continue after it, None if it cannot.
    """

    place: str
    format: str
    conversation: Conversation | UnreadableError
    after: Position | None = None


def format_of(document: dict[str, Any]) -> Format | None:
    """Return the format of a conversation, None when it is not known."""
    return next((known for known in FORMATS if known.matches(document)), None)


def is_list(document: Any) -> bool:
    """Whether a JSON value contains conversations, or part of one, without being one itself."""
    if not isinstance(document, dict) or format_of(document) is not None:
        return False
    return own.is_line(document) or any(isinstance(document.get(name), list) for name in _LISTS)


def conversations(documents: Iterable[Document], start: Position | None = None) -> Iterator[Found]:
    """Yield the conversations of a file, given its JSON values from `start` on."""
    lines: own.Lines | None = None
    said: list[dict[str, Any]] = []
    place, before = "", start
    count = start.number if start else 0
    for place, value, after in documents:
        if isinstance(value, UnreadableError):
            yield Found(place, "", value)
        elif not isinstance(value, dict):
            yield Found(place, "", UnreadableError(_NOT_KNOWN))
        elif lines is not None or own.is_line(value):
            lines = lines or own.Lines(count)
            # The line of the next session is read again when reading resumes before it.
            resumed = before if own.begins_session(value) else None
            for begun, conversation in lines.add(place, value):
                yield Found(begun, own.NAME, conversation, resumed)
        elif (known := format_of(value)) is not None:
            yield read(place, known, value)._replace(after=None if said else after)
        elif "role" in value:
            # A bare list of messages.
            said.append(value)
        else:
            yield from of_document(place, value)
        before = after
    if said:
        yield Found("", openai.NAME, openai.conversation({"messages": said}))
    if lines is not None:
        yield from _last_of(lines, place)


def of_document(place: str, document: dict[str, Any]) -> Iterator[Found]:
    """Yield the conversation that a JSON object is, or those in its list of them."""
    known = format_of(document)
    if known is None:
        listed = next((v for n in _LISTS if isinstance(v := document.get(n), list)), [None])
        for number, inner in enumerate(listed):
            if isinstance(inner, dict) and (known := format_of(inner)) is not None:
                yield read(f"{place}[{number}]", known, inner)
            else:
                yield Found(place, "", UnreadableError(_NOT_KNOWN))
    else:
        yield read(place, known, document)


def read(place: str, known: Format, document: dict[str, Any]) -> Found:
    """Read a conversation of a known format."""
    try:
        return Found(place, known.NAME, known.conversation(document))
    except (msgspec.ValidationError, UnreadableError) as error:
        return Found(place, known.NAME, UnreadableError(str(error)))


def _last_of(lines: own.Lines, place: str) -> Iterator[Found]:
    try:
        for begun, conversation in lines.end():
            yield Found(begun, own.NAME, conversation)
    except UnreadableError as error:
        yield Found(place, own.NAME, error)
