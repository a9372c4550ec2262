"""Adding messages to a session, and changing them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, NotRequired, TypedDict

from django.db import transaction
from django.db.models import F
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError

from accounts.plans.storage import check_storage
from accounts.principals.principal import Principal
from chat.activity import record_chat
from chat.messages import growing
from chat.messages.content import text_of
from chat.messages.read import COLUMNS, message_of_row
from chat.models import ChatMessage, ChatMessageQuerySet, ChatSession, Feedback
from gatewayz.api.bodies import encode
from gatewayz.errors import Conflict


class NewMessage(TypedDict):
    """A message as a client gives it. `others` has the fields that are not named here."""

    role: str
    content: NotRequired[str | list[dict[str, Any]] | None]
    model: NotRequired[str | None]
    tokens: NotRequired[int | None]
    reasoning: NotRequired[str | None]
    metadata: NotRequired[Any]
    created_at: NotRequired[datetime | None]
    client_id: NotRequired[str | None]
    # Absent or None: it follows the last one. 0: it follows none.
    parent_id: NotRequired[int | None]
    # Index in this call of the message that it follows; takes precedence over `parent_id`.
    parent_place: NotRequired[int]
    status: NotRequired[str | None]
    revision: NotRequired[int | None]
    # For messages of an import only.
    updated_at: NotRequired[datetime | None]
    edited: NotRequired[bool | None]
    others: NotRequired[dict[str, Any]]


class Appended(NamedTuple):
    """A message that was added, or that replaced one with its `client_id`."""

    message: ChatMessage
    is_new: bool


class RevisionConflict(Conflict):
    """409: the message has been changed by a later revision."""

    default_detail = "This message has a later revision."
    default_code = "revision_conflict"


class MessageComplete(Conflict):
    """409: the message is no longer in progress, and will not be again."""

    default_detail = "This message is complete."
    default_code = "message_complete"


def _no_such_parent() -> ValidationError:
    return ValidationError({"parent_id": ["There is no such message in this session."]})


# By the name that the database functions of the migration 0025_message_functions give them.
_RULES: dict[str, Callable[[], APIException]] = {
    "revision": RevisionConflict,
    "complete": MessageComplete,
    "parent": _no_such_parent,
}

# The parameters that have a value for each message, with their types.
_ARRAYS = {
    "role": "text",
    "content": "text",
    "model": "text",
    "tokens": "integer",
    "reasoning": "text",
    "extra": "text",
    "created_at": "timestamptz",
    "client_id": "text",
    "status": "text",
    "revision": "integer",
    "follows": "boolean",
    "parent_place": "integer",
    "parent_id": "bigint",
}


def _appending(array: str) -> str:
    arrays = ", ".join(array.format(name, kind) for name, kind in _ARRAYS.items())
    return f"""
WITH appended AS (
    SELECT * FROM chat_append(
        %(session_id)s::bigint, %(user_id)s::bigint, %(session_model)s::text, {arrays}
    )
)
SELECT * FROM appended
"""  # noqa: S608 - names and types


# One statement, hence one round trip, that needs no transaction around it: it locks and touches
# the session, which must still exist, and inserts under that lock. Messages that are added
# concurrently therefore get their places one after the other, and a session only ever grows at
# its end. It does not begin with SELECT, or it would be sent again when its connection is lost.
_APPEND = _appending("%({})s::{}[]")
# PostgreSQL makes an array of one value in a fraction of the time that psycopg takes.
_APPEND_ONE = _appending("ARRAY[%({})s::{}]")


def append_messages(
    owner: Principal, session_id: int, given: Sequence[NewMessage]
) -> list[Appended]:
    """Add messages to a session of `owner`: all of them in the order given, or none.

    It touches the session, and gives it the model of the last message that names one. A message
    without a time gets the database's time. One whose `client_id` is known replaces that message,
    but keeps its place, parent and time; of several with the same `client_id` the last counts.

    Returns the messages, as many as were given. Raises Http404 when there is no such session;
    ValidationError when it has no such parent; RevisionConflict and MessageComplete when a message
    cannot be replaced.
    """
    check_storage(owner)
    places = places_of(given)
    last = dict(zip(places, given, strict=True))
    messages = [_unsaved(owner, session_id, one) for one in last.values()]
    columns: dict[str, Any] = _columns(messages, last.values(), places)
    is_one = len(messages) == 1
    rows = transaction.get_connection().fetch_autocommit(
        _APPEND_ONE if is_one else _APPEND,
        {
            "session_id": session_id,
            "user_id": owner.user_id,
            "session_model": next((one.model for one in reversed(messages) if one.model), None),
            **({name: value for name, (value,) in columns.items()} if is_one else columns),
        },
    )
    if not rows:
        raise Http404
    if (broken := _RULES.get(rows[0][0])) is not None:
        raise broken()
    saved = [_appended(message, row) for message, row in zip(messages, rows, strict=True)]
    for message, _ in saved:
        if message.client_id is not None or growing.is_growing(message):
            growing.note(message)
    if any(is_new or not growing.is_growing(message) for message, is_new in saved):
        record_chat(
            owner,
            "save_message",
            "message_saved",
            model=rows[0][1],
            tokens=sum(message.tokens for message in messages),
            session_id=session_id,
            messages=len(messages),
            stored_bytes=max(0, sum(row[-1] for row in rows)),
        )
    return [saved[place] for place in places]


def _columns(
    messages: Sequence[ChatMessage], given: Collection[NewMessage], places: Sequence[int]
) -> dict[str, list[Any]]:
    """The parameters of _ARRAYS."""
    return {
        **{
            name: [getattr(message, name) for message in messages]
            for name in ("role", "content", "model", "tokens", "reasoning", "client_id")
        },
        "extra": [json_or_null(message.extra) for message in messages],
        **{
            name: [one.get(name) for one in given] for name in ("created_at", "status", "revision")
        },
        "parent_id": [one.get("parent_id") or None for one in given],
        "follows": [one.get("parent_id") is None and "parent_place" not in one for one in given],
        # PostgreSQL counts from 1.
        "parent_place": [
            places[one["parent_place"]] + 1 if "parent_place" in one else None for one in given
        ],
    }


def _appended(message: ChatMessage, row: Sequence[Any]) -> Appended:
    """Set the fields of a message that _APPEND returns."""
    (
        _,
        _,
        message.pk,
        message.parent_id,
        message.position,
        message.created_at,
        message.updated_at,
        message.status,
        message.revision,
        message.edited,
        is_new,
        _,
    ) = row
    return Appended(message, is_new)


def places_of(given: Sequence[NewMessage]) -> list[int]:
    """Return the place of each message among those left when each `client_id` counts once.

    Messages with the same `client_id` share a place; the last of them counts.
    """
    known: dict[str, int] = {}
    places: list[int] = []
    count = 0
    for one in given:
        client_id = one.get("client_id")
        place = count if client_id is None else known.setdefault(client_id, count)
        count += place == count
        places.append(place)
    return places


_COLUMNS = ", ".join(f"(message).{column}" for column in COLUMNS)

# As _APPEND.
_CHANGE = f"""
WITH changed AS (
    SELECT * FROM chat_change_message(
        %(session_id)s::bigint, %(user_id)s::bigint, %(message_id)s::bigint, %(content)s::text,
        %(sets_reasoning)s::boolean, %(reasoning)s::text, %(tokens)s::integer, %(model)s::text,
        %(status)s::text, %(revision)s::integer, %(set_extra)s::text, %(unset_extra)s::text[]
    )
)
SELECT {_COLUMNS}, problem, added_bytes, ends FROM changed
"""  # noqa: S608 - names of columns


def change_message(
    owner: Principal, session_id: int, message_id: int, given: Mapping[str, Any]
) -> ChatMessage:
    """Set the fields of a message of `owner` that `given` names, as in NewMessage.

    One statement. Updates of a message in progress are not recorded in the activity log; the one
    that completes it is.

    Raises Http404 when there is no such message, RevisionConflict or MessageComplete when it
    cannot be changed.
    """
    check_storage(owner)
    one = {"session_id": session_id, "user_id": owner.user_id, "message_id": message_id}
    rows = transaction.get_connection().fetch_autocommit(_CHANGE, one | _changes(given))
    if not rows:
        raise Http404
    *values, problem, added_bytes, ends = rows[0]
    changed = message_of_row(values)
    growing.note(changed)
    if problem is not None:
        raise _RULES[problem]()
    if ends or not growing.is_growing(changed):
        record_chat(
            owner,
            "update_message",
            "message_updated",
            model=changed.model,
            session_id=session_id,
            message_id=message_id,
            stored_bytes=max(0, added_bytes),
        )
    return changed


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of _CHANGE that hold the new values."""
    extra = dict(given.get("others", {}))
    content: str | None = None
    if "content" in given:
        content = text_of(given["content"])
        if not isinstance(given["content"], str):
            extra["content"] = given["content"]
    if "metadata" in given:
        extra["metadata"] = given["metadata"]
    return {
        "content": content,
        "sets_reasoning": "reasoning" in given,
        **{name: given.get(name) for name in ("reasoning", "tokens", "model", "status")},
        "revision": given.get("revision"),
        "set_extra": json_or_null(extra or None),
        "unset_extra": [] if content is None else ["content"],
    }


def delete_message(owner: Principal, session_id: int, message_id: int) -> None:
    """Delete a message of `owner` for good; those that follow it then follow what it followed.

    Raises Http404 when there is no such message.
    """
    with _locked_messages(owner, session_id) as messages:
        gone = get_object_or_404(messages.only("id", "parent_id"), pk=message_id)
        messages.filter(parent_id=message_id).update(parent_id=gone.parent_id)
        _delete(owner, session_id, messages, [message_id])


def truncate(owner: Principal, session_id: int, message_id: int) -> int:
    """Delete for good the messages that follow one of `owner`, on all branches.

    Returns how many were deleted. Raises Http404 when there is no such message.
    """
    with _locked_messages(owner, session_id) as messages:
        get_object_or_404(messages.only("id"), pk=message_id)
        following = {message_id}
        # A message comes after the one that it follows.
        for later_id, parent_id in (
            messages.after(message_id).in_order().values_list("id", "parent_id")
        ):
            if parent_id in following:
                following.add(later_id)
        following.discard(message_id)
        _delete(owner, session_id, messages, following)
    return len(following)


@contextmanager
def _locked_messages(owner: Principal, session_id: int) -> Iterator[ChatMessageQuerySet]:
    """Lock and touch a session of `owner`, and yield its messages."""
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk=session_id)
    with transaction.atomic():
        if not sessions.update(updated_at=timezone.now(), version=F("version") + 1):
            raise Http404
        yield ChatMessage.objects.filter(user_id=owner.user_id, session_id=session_id)


def _delete(
    owner: Principal, session_id: int, messages: ChatMessageQuerySet, ids: Collection[int]
) -> None:
    # The session keeps the feedback on a deleted message.
    of_session = Feedback.objects.owned_by(owner).filter(session_id=session_id)
    of_session.filter(message_id__in=ids).update(message_id=None)
    messages.filter(pk__in=ids)._raw_delete(messages.db)
    record_chat(
        owner, "delete_messages", "message_deleted", session_id=session_id, messages=len(ids)
    )


def stored_content(given: NewMessage) -> tuple[str, dict[str, Any] | None]:
    """Return the columns `content` and `extra` of a message."""
    content = given.get("content")
    extra = {} if isinstance(content, str) else {"content": content}
    if given.get("metadata") is not None:
        extra["metadata"] = given["metadata"]
    others = given.get("others", {})
    # Messages of Gemini and the AI SDK call their parts `parts`.
    text = text_of(others.get("parts") if content is None else content)
    return text, {**extra, **others} or None


def _unsaved(owner: Principal, session_id: int, given: NewMessage) -> ChatMessage:
    content, extra = stored_content(given)
    return ChatMessage(
        session_id=session_id,
        user_id=owner.user_id,
        role=given["role"],
        content=content,
        model=given.get("model") or "",
        tokens=given.get("tokens") or 0,
        reasoning=given.get("reasoning"),
        client_id=given.get("client_id"),
        extra=extra,
    )


def json_or_null(value: Any) -> str | None:
    """Return a value as it is stored in a column of JSON: None as NULL."""
    return None if value is None else encode(value).decode()
