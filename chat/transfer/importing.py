"""Importing conversations, each of them wholly or not at all."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connection, transaction
from rest_framework.exceptions import ValidationError

from accounts.principals.principal import Principal
from chat.messages.write import NewMessage, append_messages
from chat.models import ChatSession
from chat.sessions.serializers import MAX_METADATA_BYTES
from chat.sessions.write import get_or_create_session, switch_branch
from chat.transfer.formats.conversations import Conversation, UnreadableError
from chat.transfer.recognition import OF_PRODUCTS, Found, format_of, read
from chat.transfer.serializers import ChatInput
from gatewayz.api.bodies import encode_sorted
from gatewayz.api.serializing import validated
from gatewayz.api.storable_json import UnstorableJsonError, check_storable
from gatewayz.database.bad_rows import is_caused_by_rows
from gatewayz.request import deadline

logger = logging.getLogger(__name__)

# How many messages one statement adds.
APPENDED_MESSAGES = 1_000

MAX_TITLE_CHARS = 255
MAX_SESSIONS = 1_000
MAX_ERRORS = 100

# No conversation is begun when a request has less time left.
MIN_SECONDS = 1.0


@dataclass
class Report:
    """What became of a file; of `sessions` and `errors` the first MAX_SESSIONS and MAX_ERRORS.

    `existing` counts conversations that an earlier import had brought, `dropped` names what there
    was no room for. Unless `is_complete`, the time was over: the same file goes on from there.
    """

    format: str = ""
    imported: int = 0
    existing: int = 0
    failed: int = 0
    is_complete: bool = True
    sessions: list[int] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def add_format(self, name: str) -> None:
        """Take note of the format of a conversation."""
        if name and name != self.format:
            self.format = "mixed" if self.format else name

    def add_session(self, session: ChatSession, *, is_new: bool) -> None:
        """Count a conversation that is there."""
        self.imported += is_new
        self.existing += not is_new
        if len(self.sessions) < MAX_SESSIONS:
            self.sessions.append(session.pk)

    def add_error(self, place: str, detail: Any) -> None:
        """Count a conversation that cannot be imported."""
        self.failed += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append({"place": place, "errors": detail})

    def message(self) -> str:
        """What became of the file, in a sentence."""
        text = (
            f"{self.imported:,} imported, {self.existing:,} there already, {self.failed:,} failed"
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
    """Import conversations, and write down in `report` what becomes of each.

    Each is committed by itself, and known again by its `external_id`: that of its source, or a
    digest of what it says. So the same file can be sent again. A request stops before its time is
    over. Raises StorageUsedUp.
    """
    for one in found:
        left_seconds = deadline.remaining_seconds()
        if left_seconds is not None and left_seconds < MIN_SECONDS:
            report.is_complete = False
            return
        import_found(owner, one, report)


def import_found(owner: Principal, found: Found, report: Report) -> None:
    """Import one conversation as `import_all` does. Raises StorageUsedUp."""
    place, name, conversation, _ = found
    report.add_format(name)
    if isinstance(conversation, UnreadableError):
        report.add_error(place, str(conversation))
        return
    try:
        given = validated_chat(conversation, report)
        session, is_new = import_chat(owner, _named(given, conversation))
    except ValidationError as error:
        report.add_error(place, error.detail)
    except DatabaseError as error:
        if not is_caused_by_rows(error):
            raise
        logger.warning("A conversation was not stored", exc_info=True)
        report.add_error(place, "The database cannot store it.")
    else:
        report.add_session(session, is_new=is_new)


def import_one(owner: Principal, document: Any, report: Report) -> tuple[ChatSession, bool]:
    """Import the conversation that a JSON value is.

    Sent again, one of another product is found. One of our own, or of a request of a model, is
    copied, without its `external_id` if another session has that.

    Returns the session and whether it is new. Raises rest_framework.exceptions.ValidationError.
    """
    found = Found("", "", Conversation(document, {}))
    if isinstance(document, dict) and (known := format_of(document)) is not None:
        found = read(found.place, known, document)
    report.add_format(found.format)
    if isinstance(found.conversation, UnreadableError):
        raise ValidationError({"conversation": [str(found.conversation)]})
    given = validated_chat(found.conversation, report)
    if found.format in OF_PRODUCTS:
        return import_chat(owner, _named(given, found.conversation))
    session, is_new = import_chat(owner, given)
    if not is_new:
        session, is_new = import_chat(owner, {**given, "external_id": None})
    return session, is_new


def validated_chat(conversation: Conversation, report: Report) -> dict[str, Any]:
    """Return what `import_chat` takes, with what has no field as metadata if there is room.

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
    """`given` with an `external_id`: a digest of what it says, if its source gives it no name."""
    if given.get("external_id"):
        return given
    digest = hashlib.sha256(encode_sorted(conversation.fields)).hexdigest()
    return {**given, "external_id": f"sha256:{digest}"}


def import_chat(owner: Principal, given: Mapping[str, Any]) -> tuple[ChatSession, bool]:
    """Create a session with the messages of an export, all of them or nothing.

    `given` is a validated ChatInput. A session of `owner` with its `external_id` is left as it is.

    Returns the session and whether it is new.
    """
    fields = dict(given)
    messages, current = fields.pop("messages"), fields.pop("current_place", None)
    updated_at = fields.pop("updated_at", None) or fields.get("created_at")
    external_id = fields.get("external_id")
    if external_id:
        owned = ChatSession.objects.owned_by(owner).active()
        if (known := owned.filter(external_id=external_id).first()) is not None:
            return known, False
    with transaction.atomic():
        session, is_new = get_or_create_session(owner, **fields)
        if not is_new:
            # Another import was faster.
            return session, False
        ids = _append(owner, session.pk, messages)
        if current is not None:
            switch_branch(session.pk, ids[current])
        if updated_at is not None:
            # Messages have touched the session, and gave it their model.
            of_export = {"updated_at": updated_at, "model": session.model}
            ChatSession.objects.filter(pk=session.pk).update(**of_export)
    session.refresh_from_db()
    return session, True


def _append(owner: Principal, session_id: int, messages: list[NewMessage]) -> list[int]:
    """Add messages, of which `parent_place` counts from the first. Returns their ids."""
    ids: list[int] = []
    for begin in range(0, len(messages), APPENDED_MESSAGES):
        page = messages[begin : begin + APPENDED_MESSAGES]
        for message in page:
            place = message.pop("parent_place", None)
            if place is None:
                continue
            if place < begin:
                message["parent_id"] = ids[place]
            else:
                message["parent_place"] = place - begin
        ids += [one.message.pk for one in append_messages(owner, session_id, page)]
    _set_changes(messages, ids)
    return ids


def _set_changes(messages: list[NewMessage], ids: list[int]) -> None:
    """Say of messages that were changed at their source that, and when, they were."""
    changed = [
        (message_id, message.get("updated_at"), bool(message.get("edited")))
        for message_id, message in zip(ids, messages, strict=True)
        if message.get("updated_at") is not None or message.get("edited")
    ]
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(_SET_CHANGES, [list(column) for column in zip(*changed, strict=True)])


_SET_CHANGES = """
UPDATE chat_messages AS message SET updated_at = given.updated_at, edited = given.edited
FROM unnest(%s::bigint[], %s::timestamptz[], %s::boolean[]) AS given (id, updated_at, edited)
WHERE message.id = given.id
"""
