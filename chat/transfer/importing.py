"""Importing the conversations of a file, each of them completely or not at all."""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rest_framework.exceptions import ValidationError

from accounts.principals.principal import Principal
from chat.models import ChatSession
from chat.sessions.serializers import MAX_METADATA_BYTES
from chat.transfer.formats.conversations import Conversation, UnreadableError
from chat.transfer.recognition import OF_PRODUCTS, Found, format_of, read
from chat.transfer.serializers import ChatInput
from chat.transfer.storing import Chat, Stored, store
from gatewayz.api.bodies import encode_sorted
from gatewayz.api.serializing import validated
from gatewayz.api.storable_json import UnstorableJsonError, check_storable
from gatewayz.database.bad_rows import skipping_bad_rows
from gatewayz.request import deadline

logger = logging.getLogger(__name__)

# How much text is stored together: some 1,000 messages.
BATCH_CHARS = 1_000_000

MAX_TITLE_CHARS = 255
MAX_SESSIONS = 1_000
MAX_ERRORS = 100

# A request with less time left starts no further conversation.
MIN_SECONDS = 1.0


@dataclass
class Report:
    """The result of an import, with the first MAX_SESSIONS `sessions` and MAX_ERRORS `errors`.

    `existing` counts conversations that an earlier import had stored, `extended` those of them
    that got new messages; `dropped` names what there was no room for. Unless `is_complete`, the
    time ran out, and sending the same file again continues from there.
    """

    format: str = ""
    imported: int = 0
    existing: int = 0
    extended: int = 0
    failed: int = 0
    is_complete: bool = True
    sessions: list[int] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def add_format(self, name: str) -> None:
        """Record the format of a conversation."""
        if name and name != self.format:
            self.format = "mixed" if self.format else name

    def add_session(self, stored: Stored) -> None:
        """Count a conversation that is there."""
        self.imported += stored.is_new
        self.existing += not stored.is_new
        self.extended += bool(stored.added) and not stored.is_new
        if len(self.sessions) < MAX_SESSIONS:
            self.sessions.append(stored.session.pk)

    def add_error(self, place: str, detail: Any) -> None:
        """Count a conversation that cannot be imported."""
        self.failed += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append({"place": place, "errors": detail})

    def message(self) -> str:
        """The result in a sentence."""
        extended = f" ({self.extended:,} with new messages)" if self.extended else ""
        text = (
            f"{self.imported:,} imported, {self.existing:,} there already{extended}, "
            f"{self.failed:,} failed"
        )
        return text if self.is_complete else f"{text}; send the same file again to go on"

    def reason_of_failure(self) -> str:
        """Why nothing of the file could be read; empty when something could."""
        if self.imported or self.existing:
            return ""
        return str(self.errors[0]["errors"]) if self.errors else "It holds no conversation."

    def raise_if_in_vain(self) -> None:
        """Raise ValidationError (400) when the file holds no conversation that can be read."""
        if self.imported or self.existing or not self.is_complete:
            return
        errors = {error["place"] or "file": error["errors"] for error in self.errors}
        raise ValidationError(errors or {"file": ["It holds no conversation."]})


def import_all(owner: Principal, found: Iterable[Found], report: Report) -> None:
    """Import conversations, and record in `report` what happened to each.

    Several are committed together. Each is recognised by its `external_id`: that of its source, or
    a digest of its content. So the same file can be sent again. A request stops before its time
    runs out. Raises StorageUsedUp.
    """
    batch = Batch(owner, report)
    for one in found:
        left_seconds = deadline.remaining_seconds()
        if left_seconds is not None and left_seconds < MIN_SECONDS:
            report.is_complete = False
            break
        batch.add(one)
    batch.store()


class Batch:
    """Conversations to be stored together; `report` says what happened to them."""

    def __init__(self, owner: Principal, report: Report) -> None:
        self._owner = owner
        self._report = report
        self._chats: list[tuple[str, Chat]] = []
        self._names: set[str | None] = set()
        self._size = 0

    def add(self, found: Found) -> None:
        """Add a conversation, and store those before it once there are many."""
        place, name, conversation, _ = found
        self._report.add_format(name)
        if isinstance(conversation, UnreadableError):
            self._report.add_error(place, str(conversation))
            return
        try:
            given = _named(validated_chat(conversation, self._report), conversation)
        except ValidationError as error:
            self._report.add_error(place, error.detail)
            return
        chat = Chat.of_input(given)
        if chat.external_id in self._names or self._size >= BATCH_CHARS:
            self.store()
        self._chats.append((place, chat))
        self._names.add(chat.external_id)
        self._size += chat.size()

    def store(self) -> None:
        """Store the conversations taken so far. Those that the database rejects are reported.

        Raises StorageUsedUp.
        """
        chats, self._chats = self._chats, []
        self._names, self._size = set(), 0
        skipping_bad_rows(chats, self._store, self._set_aside, max_late=len(chats))

    def _store(self, chats: Sequence[tuple[str, Chat]]) -> int:
        for one in store(self._owner, [chat for _, chat in chats]):
            self._report.add_session(one)
        return len(chats)

    def _set_aside(self, chat: tuple[str, Chat], error: Exception) -> None:
        logger.warning("A conversation was not stored", exc_info=error)
        self._report.add_error(chat[0], "The database cannot store it.")


def import_one(owner: Principal, document: Any, report: Report) -> Stored:
    """Import the conversation that a JSON value is.

    A conversation of another product that is sent again is recognised. One of our own, or a
    request to a model, is copied, without its `external_id` if another session has that.

    Returns what happened to it. Raises rest_framework.exceptions.ValidationError.
    """
    found = Found("", "", Conversation(document, {}))
    if isinstance(document, dict) and (known := format_of(document)) is not None:
        found = read(found.place, known, document)
    report.add_format(found.format)
    if isinstance(found.conversation, UnreadableError):
        raise ValidationError({"conversation": [str(found.conversation)]})
    given = validated_chat(found.conversation, report)
    if found.format in OF_PRODUCTS:
        return store(owner, [Chat.of_input(_named(given, found.conversation))])[0]
    name = given.get("external_id")
    if name and ChatSession.objects.owned_by(owner).active().filter(external_id=name).exists():
        given["external_id"] = None
    return store(owner, [Chat.of_input(given)])[0]


def validated_chat(conversation: Conversation, report: Report) -> dict[str, Any]:
    """Return a validated ChatInput, with the rest as metadata if there is room.

    Raises rest_framework.exceptions.ValidationError (400).
    """
    if not isinstance(conversation.fields, Mapping):
        raise ValidationError({"conversation": ["A conversation is an object."]})
    fields = dict(conversation.fields)
    if isinstance(title := fields.get("title"), str):
        fields["title"] = title[:MAX_TITLE_CHARS]
    if conversation.rest:
        if _fits(conversation.rest):
            fields["metadata"] = conversation.rest
        else:
            report.dropped = sorted({*report.dropped, *conversation.rest})
    return validated(ChatInput, fields)


def _fits(metadata: dict[str, Any]) -> bool:
    try:
        check_storable(metadata)
    except UnstorableJsonError:
        return False
    return len(encode_sorted(metadata)) <= MAX_METADATA_BYTES


def _named(given: dict[str, Any], conversation: Conversation) -> dict[str, Any]:
    """`given` with an `external_id`: a digest of its content if its source gives it no name."""
    if given.get("external_id"):
        return given
    digest = hashlib.sha256(encode_sorted(conversation.fields)).hexdigest()
    return {**given, "external_id": f"sha256:{digest}"}
