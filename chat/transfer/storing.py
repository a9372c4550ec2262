"""Writing conversations of a file to the database: inserting new ones, extending known ones."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models.functions import MD5
from django.utils import timezone

from accounts import activity
from accounts.plans.storage import check_storage
from accounts.principals.principal import Principal
from chat.activity import record_chat
from chat.messages.write import (
    NewMessage,
    append_messages,
    json_or_null,
    places_of,
    stored_content,
)
from chat.models import ChatMessage, ChatSession
from chat.sessions.write import get_or_create_session, switch_branch

# How many messages one statement adds to a known conversation.
APPENDED_MESSAGES = 1_000

# As the database function `chat_message_bytes` counts.
_MESSAGE_BYTES = 100

# Estimates of characters: of a list of parts, and of everything else about a message.
_OF_PARTS = 2_000
_OF_MESSAGE = 500


class Stored(NamedTuple):
    """A conversation that has been stored; `added` of its messages are new."""

    session: ChatSession
    is_new: bool
    added: int


class Chat(NamedTuple):
    """A conversation to store.

    `fields` are those of `get_or_create_session`; `current_place` counts from the first message.
    """

    fields: dict[str, Any]
    messages: list[NewMessage]
    current_place: int | None

    @classmethod
    def of_input(cls, given: Mapping[str, Any]) -> "Chat":
        """Return the conversation of a validated ChatInput."""
        fields = dict(given)
        messages, current = fields.pop("messages"), fields.pop("current_place", None)
        fields["updated_at"] = fields.get("updated_at") or fields.get("created_at")
        return cls(fields, messages, current)

    @property
    def external_id(self) -> str | None:
        return self.fields.get("external_id")

    def size(self) -> int:
        """Return roughly how many characters it has."""
        return sum(
            len(content) if isinstance(content := message.get("content"), str) else _OF_PARTS
            for message in self.messages
        ) + _OF_MESSAGE * (1 + len(self.messages))


def store(owner: Principal, chats: Sequence[Chat]) -> list[Stored]:
    """Store conversations, no two with the same `external_id`: all of them, or none.

    One whose `external_id` a session of `owner` already has is not stored again. Instead, that
    session gets the messages that it lacks and that are newer than those that both have; changes
    made here are kept.

    Returns them in the order given. Raises StorageUsedUp, and django.db.DatabaseError when one of
    them cannot be stored.
    """
    check_storage(owner)
    names = [chat.external_id for chat in chats if chat.external_id]
    with transaction.atomic():
        with activity.collect_events() as events:
            active = ChatSession.objects.owned_by(owner).active()
            # A concurrent import of a newer export waits, and then finds what this one has added.
            locked = active.order_by("pk").select_for_update(no_key=True)
            known = {one.external_id: one for one in locked.filter(external_id__in=names)}
            found = [
                (known[chat.external_id], False)
                if chat.external_id in known
                # A concurrent import may have stored it.
                else get_or_create_session(owner, **chat.fields)
                for chat in chats
            ]
            new = [(s, chat) for (s, is_new), chat in zip(found, chats, strict=True) if is_new]
            _write_messages(owner, new)
            stored = [
                Stored(
                    session,
                    is_new,
                    len(chat.messages) if is_new else _extend(owner, session, chat),
                )
                for (session, is_new), chat in zip(found, chats, strict=True)
            ]
        activity.record_encoded(events, is_repeatable=False)
    return stored


_COLUMNS = (
    *("id", "position", "session_id", "user_id", "parent_id", "is_current", "client_id", "role"),
    *("content", "model", "tokens", "reasoning", "created_at", "status", "revision", "edited"),
    *("updated_at", "extra"),
)
_COPY = f"COPY chat_messages ({', '.join(_COLUMNS)}) FROM STDIN"
_IDS = "SELECT nextval('chat_messages_id_seq') FROM generate_series(1, %s)"


def _write_messages(owner: Principal, new: Sequence[tuple[ChatSession, Chat]]) -> None:
    """Write the messages of sessions that nobody else can see yet, in one statement."""
    counted = [(session, chat, _each_once(chat)) for session, chat in new if chat.messages]
    total = sum(len(messages) for _, _, (messages, _) in counted)
    if not total:
        return
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [total])
        ids = iter([number for (number,) in cursor.fetchall()])
        # This is psycopg's own COPY, whose errors Django does not translate by itself.
        with connection.wrap_database_errors, cursor.copy(_COPY) as copy:
            for session, chat, (messages, places) in counted:
                of_chat = [next(ids) for _ in messages]
                stored_bytes = 0
                for row in _rows(session, chat, messages, places, of_chat):
                    copy.write_row(row)
                    stored_bytes += _bytes_of(row)
                _record(owner, session, messages, stored_bytes)


def _each_once(chat: Chat) -> tuple[list[NewMessage], list[int]]:
    """The messages, only the last of each `client_id`; and each given message's place in them."""
    places = places_of(chat.messages)
    return [*dict(zip(places, chat.messages, strict=True)).values()], places


def _rows(
    session: ChatSession,
    chat: Chat,
    messages: Sequence[NewMessage],
    places: Sequence[int],
    ids: Sequence[int],
) -> Iterator[tuple[Any, ...]]:
    """Yield the values of _COLUMNS."""
    parents = [*_parents(messages, places)]
    given = chat.current_place
    current: int | None = len(messages) - 1 if given is None else places[given]
    shown = set()
    while current is not None:
        shown.add(current)
        current = parents[current]
    now = timezone.now()
    for place, (message, parent) in enumerate(zip(messages, parents, strict=True)):
        content, extra = stored_content(message)
        yield (
            *(ids[place], ids[place], session.pk, session.user_id),
            *(None if parent is None else ids[parent], place in shown),
            *(message.get("client_id"), message["role"], content),
            *(message.get("model") or "", message.get("tokens") or 0, message.get("reasoning")),
            message.get("created_at") or now,
            message.get("status") or ChatMessage.Status.COMPLETED.value,
            *(message.get("revision") or 0, bool(message.get("edited"))),
            *(message.get("updated_at"), json_or_null(extra)),
        )


def _parents(messages: Sequence[NewMessage], places: Sequence[int]) -> Iterator[int | None]:
    """Yield for each message the place of the one that it follows."""
    for place, message in enumerate(messages):
        parent = place - 1
        if message.get("parent_id") is not None:
            parent = -1
        elif "parent_place" in message:
            parent = places[message["parent_place"]]
        yield parent if 0 <= parent < place else None


def _bytes_of(row: tuple[Any, ...]) -> int:
    of = dict(zip(_COLUMNS, row, strict=True))
    texts = (of["content"], of["reasoning"], of["extra"])
    return _MESSAGE_BYTES + sum(len(text.encode()) for text in texts if text)


def _record(
    owner: Principal, session: ChatSession, messages: Sequence[NewMessage], stored_bytes: int
) -> None:
    record_chat(
        owner,
        "save_message",
        "message_saved",
        model=session.model,
        tokens=sum(message.get("tokens") or 0 for message in messages),
        session_id=session.pk,
        messages=len(messages),
        stored_bytes=stored_bytes,
    )


def _extend(owner: Principal, session: ChatSession, chat: Chat) -> int:
    """Add the messages of a newer export to a known session. Returns how many there were."""
    ids = _known_ids(session, chat.messages)
    common = [at for at, known in enumerate(ids) if known is not None]
    of_session = ChatMessage.objects.of(session)
    if len(common) == len(ids) or (not common and of_session.exists()):
        # Without a message in common it is another conversation of the same name.
        return 0
    since = max((time for at in common if (time := _time(chat.messages[at]))), default=None)
    new = [
        at
        for at, known in enumerate(ids)
        # An older message that is missing was deleted here.
        if known is None and (since is None or (_time(chat.messages[at]) or since) >= since)
    ]
    if not new:
        return 0
    shown = of_session.current().in_order().values_list("pk", flat=True).last()
    shared = {ids[at] for at in common}
    _append(owner, session, chat.messages, ids, new)
    if shown is not None and shown not in shared:
        # The chat was continued here, so its branch stays the one that is shown.
        switch_branch(session, shown)
    elif chat.current_place is not None and (current := ids[chat.current_place]) is not None:
        switch_branch(session, current)
    # Appending has set the session's time and model.
    newest = max(session.updated_at, chat.fields["updated_at"] or session.updated_at)
    owned = ChatSession.objects.owned_by(owner)
    owned.filter(pk=session.pk).update(updated_at=newest, model=session.model)
    session.refresh_from_db(from_queryset=owned)
    return len(new)


def _time(message: NewMessage) -> datetime | None:
    return message.get("created_at")


def _known_ids(session: ChatSession, messages: Sequence[NewMessage]) -> list[int | None]:
    """The id that each message has here: found by its `client_id`, else by its content."""
    here: dict[Any, int] = {}
    of_session = ChatMessage.objects.of(session).annotate(digest=MD5("content"))
    for pk, client_id, *said in of_session.values_list(
        "pk", "client_id", "role", "created_at", "digest"
    ):
        here[client_id or tuple(said)] = pk
    return [here.get(message.get("client_id") or _said(message)) for message in messages]


def _said(message: NewMessage) -> tuple[str, datetime | None, str]:
    content = stored_content(message)[0].encode()
    return (
        message["role"],
        _time(message),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )


def _append(
    owner: Principal,
    session: ChatSession,
    messages: Sequence[NewMessage],
    ids: list[int | None],
    new: Sequence[int],
) -> None:
    """Add the `messages` at the places `new`, and put their ids into `ids`."""
    parents = [*_parents(messages, range(len(messages)))]
    for begin in range(0, len(new), APPENDED_MESSAGES):
        page = {at: number for number, at in enumerate(new[begin : begin + APPENDED_MESSAGES])}
        given = []
        for at in page:
            message = messages[at].copy()
            message.pop("parent_place", None)
            parent = parents[at]
            while parent is not None and ids[parent] is None and parent not in page:
                parent = parents[parent]
            if parent in page:
                message["parent_place"] = page[parent]
            else:
                message["parent_id"] = 0 if parent is None else ids[parent]
            given.append(message)
        for at, one in zip(page, append_messages(owner, session.pk, given), strict=True):
            ids[at] = one.message.pk
    _set_changes(owner, [(ids[at], messages[at]) for at in new])


def _set_changes(owner: Principal, added: Sequence[tuple[int | None, NewMessage]]) -> None:
    """Mark messages that were changed at their source as edited, with the time."""
    changed = [
        (message_id, message.get("updated_at"), bool(message.get("edited")))
        for message_id, message in added
        if message.get("updated_at") is not None or message.get("edited")
    ]
    if changed:
        with connection.cursor() as cursor:
            columns = [list(column) for column in zip(*changed, strict=True)]
            cursor.execute(_SET_CHANGES, [*columns, owner.user_id])


_SET_CHANGES = """
UPDATE chat_messages AS message SET updated_at = given.updated_at, edited = given.edited
FROM unnest(%s::bigint[], %s::timestamptz[], %s::boolean[]) AS given (id, updated_at, edited)
WHERE message.id = given.id AND message.user_id = %s
"""
