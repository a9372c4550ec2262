"""Documents: some consecutive messages of one session, in the form that search reads."""

import zlib
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import msgspec

from chat.models import ChatMessage
from chat.search.message_text import searched_text
from chat.search.text import fold

# PostgreSQL stores no U+0000, so none is in a text.
SEPARATOR = "\x00"


@dataclass(frozen=True)
class Prepared:
    """One message in a document: its role, its time and its folded text."""

    message_id: int
    role: str
    created_at: datetime
    text: str


def prepared(message: ChatMessage) -> Prepared:
    """Prepare a message for comparison with queries."""
    text = fold(searched_text(message))
    return Prepared(message.pk, message.role, message.created_at, text)


@dataclass(frozen=True)
class Document:
    """The folded texts of some messages, joined, so that most are compared in one pass.

    Each of `heads` is a message's id, its role, and the second it was created in.
    """

    heads: Sequence[tuple[int, str, int]]
    text: str

    @classmethod
    def of(cls, messages: Iterable[Prepared]) -> "Document":
        """Make a document of these messages."""
        listed = list(messages)
        return cls(
            [(one.message_id, one.role, int(one.created_at.timestamp())) for one in listed],
            SEPARATOR.join(one.text for one in listed),
        )

    @classmethod
    def unpacked(cls, body: bytes) -> "Document":
        """Unpack a document from storage."""
        head, _, text = zlib.decompress(body).partition(b"\n")
        return cls(msgspec.json.decode(head), text.decode())

    def packed(self) -> bytes:
        """Pack the document for storage."""
        return zlib.compress(msgspec.json.encode(self.heads) + b"\n" + self.text.encode(), 6)

    @cached_property
    def bounds(self) -> list[tuple[int, int]]:
        """Where the text of each message starts and ends."""
        bounds = []
        start = 0
        for text in self.text.split(SEPARATOR)[: len(self.heads)]:
            bounds.append((start, start + len(text)))
            start += len(text) + 1
        return bounds

    def text_of(self, place: int) -> str:
        """The folded text of the message at `place`."""
        start, end = self.bounds[place]
        return self.text[start:end]

    def without(self, message_ids: Set[int]) -> "Document":
        """Return the document without some messages."""
        if not message_ids or message_ids.isdisjoint(head[0] for head in self.heads):
            return self
        kept = [
            (head, text)
            for head, text in zip(self.heads, self.text.split(SEPARATOR), strict=True)
            if head[0] not in message_ids
        ]
        return Document([head for head, _ in kept], SEPARATOR.join(text for _, text in kept))

    def cut(self, characters: int) -> "Document":
        """Return the document with only the first characters of each message."""
        if len(self.text) <= characters:
            return self
        texts = (text[:characters] for text in self.text.split(SEPARATOR))
        return Document(self.heads, SEPARATOR.join(texts))
