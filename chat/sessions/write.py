"""Verbs on chat sessions."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from psycopg.types.json import Json, Jsonb
from rest_framework.exceptions import ValidationError

from accounts import activity, audit
from accounts.background import enqueue
from accounts.plans.storage import SESSION_BYTES, check_storage
from accounts.principals.principal import Principal
from chat.activity import chat_event, record_chat
from chat.messages.read import SIZE_BYTES
from chat.models import ChatMessage, ChatSession, ChatSessionQuerySet
from gatewayz.api.bodies import encode
from gatewayz.database.after_commit import after_commit
from gatewayz.database.distribution import is_distributed
from gatewayz.errors import Conflict
from gatewayz.redis.breaker import breaker
from gatewayz.request import deadline
from gatewayz.request.context import timed, timing_ms
from gatewayz.threads.combining import Combiner

logger = logging.getLogger(__name__)

# One statement copies this many messages well within its time-out.
MAX_FORKED = 5_000


def create_session(
    owner: Principal,
    *,
    title: str | None = None,
    model: str | None = None,
    created_at: datetime | None = None,
) -> ChatSession:
    """Create a session for `owner` in one SQL statement, and record the activity.

    The title defaults to the time (UTC), the model to DEFAULT_CHAT_MODEL. `created_at` may be in
    the past, for imported sessions.
    """
    check_storage(owner)
    with timed("session_create"):
        given = _initial_fields(owner, title, model)
        if created_at is not None:
            given["created_at"] = created_at
        session = ChatSession(**given)
        event = chat_event(
            owner,
            "create_session",
            "session_created",
            model=session.model,
            session_title=session.title,
            stored_bytes=SESSION_BYTES,
        )
        if transaction.get_connection().in_atomic_block:
            _create([(session, event)])
        else:
            _combined_inserts.do((session, event))
    logger.info(
        "Created chat session %d for user %d (user_lookup: %.1fms, session_create: %.1fms): "
        "Session creation completed in %.1fms",
        session.pk,
        owner.user_id,
        lookup_ms := timing_ms("user_lookup"),
        create_ms := timing_ms("session_create"),
        lookup_ms + create_ms,
    )
    return session


# For a session that begins with more than a title and a model. The update changes nothing; it
# makes the statement return the session that exists.
_NAMED = ("external_id", "end_user_id", "metadata", "tags", "folder", "expires_at", "extra")
_ALL_COLUMNS = ", ".join(f"{field.column}" for field in ChatSession._meta.concrete_fields)
_GET_OR_INSERT = f"""
INSERT INTO chat_sessions AS session (
    user_id, title, model, created_at, updated_at, is_active, is_pinned, is_archived,
    {", ".join(_NAMED)}
) VALUES (%s, %s, %s, %s, %s, TRUE, %s, %s, {", ".join(["%s"] * len(_NAMED))})
ON CONFLICT (user_id, external_id) WHERE external_id IS NOT NULL AND is_active
DO UPDATE SET external_id = EXCLUDED.external_id
RETURNING {_ALL_COLUMNS}, (xmax = 0) AS is_new
"""  # noqa: S608 - names of columns


def get_or_create_session(owner: Principal, **given: Any) -> tuple[ChatSession, bool]:
    """Create a session for `owner`, or find the one that `given` names; one statement.

    `given` may hold what `create_session` takes, the fields of _NAMED except `extra`, the flags
    `is_pinned` and `is_archived`, and `others`: fields without a column, by name. A session of
    `owner` that has the `external_id` and is not deleted is returned as it is.

    Returns the session and whether it is new.
    """
    named = {
        name: value
        for name, value in given.items()
        if value is not None and not (name in ("tags", "is_pinned", "is_archived") and not value)
    }
    if named.keys() <= {"title", "model", "created_at"}:
        return create_session(owner, **named), True
    check_storage(owner)
    fields = _initial_fields(owner, given.get("title"), given.get("model"))
    fields |= {name: named[name] for name in ("created_at", "updated_at") if name in named}
    metadata, others = given.get("metadata"), given.get("others")
    values = {
        **{name: given.get(name) for name in _NAMED},
        "metadata": None if metadata is None else Jsonb(metadata, dumps=encode),
        "tags": given.get("tags") or [],
        "extra": Json(others, dumps=encode) if others else None,
    }
    marks = [bool(given.get(mark)) for mark in ("is_pinned", "is_archived")]
    parameters = [*(fields[name] for name in _COLUMNS), *marks, *(values[n] for n in _NAMED)]
    session = next(iter(ChatSession.objects.raw(_GET_OR_INSERT, parameters)))
    is_new: bool = attrgetter("is_new")(session)
    if is_new:
        record_chat(
            owner,
            "create_session",
            "session_created",
            model=session.model,
            session_title=session.title,
            stored_bytes=SESSION_BYTES,
            session_id=session.pk,
        )
    return session, is_new


_COLUMNS = ("user_id", "title", "model", "created_at", "updated_at")
_INSERT = """
INSERT INTO chat_sessions (
    user_id, title, model, created_at, updated_at, is_active, is_pinned, is_archived
) VALUES
"""
_ROW = "(%s, %s, %s, %s, %s, TRUE, FALSE, FALSE)"


def _insert(sessions: Sequence[ChatSession]) -> None:
    """Insert `sessions` in one statement and set their ids."""
    rows = transaction.get_connection().fetch_autocommit(
        f"{_INSERT}{', '.join([_ROW] * len(sessions))} RETURNING id",
        [getattr(session, column) for session in sessions for column in _COLUMNS],
    )
    # The sequence assigns ids in the order of the rows.
    ids = sorted(session_id for (session_id,) in rows)
    for session, session_id in zip(sessions, ids, strict=True):
        session.pk = session_id


NewSession = tuple[ChatSession, activity.Event]


def _create(new_sessions: Sequence[NewSession]) -> Sequence[NewSession]:
    """Insert sessions and record their creation, each in one round trip."""
    _insert([session for session, _ in new_sessions])
    for session, event in new_sessions:
        event.metadata["session_id"] = session.pk
    activity.record_events([event for _, event in new_sessions])
    return new_sessions


class _OnSeveralServersError(Exception):
    """The sessions may be on different servers, one of which may be down."""


def _create_together(new_sessions: Sequence[NewSession]) -> Sequence[NewSession]:
    if len(new_sessions) > 1 and is_distributed():
        raise _OnSeveralServersError
    return _create(new_sessions)


# Concurrent creations share one statement and one commit.
_combined_inserts = Combiner(
    _create_together,
    alone_after=(IntegrityError, DataError, _OnSeveralServersError),
    is_risky=breaker.is_open,
)


def create_sessions(owner: Principal, given: Sequence[Mapping[str, Any]]) -> list[ChatSession]:
    """Create several sessions for `owner`, all of them or none.

    In one INSERT when they have at most a title and a model; otherwise each as
    `get_or_create_session` does. Returns them in the order given.
    """
    check_storage(owner)
    if any(one.keys() - {"title", "model"} for one in given):
        with transaction.atomic():
            return [get_or_create_session(owner, **one)[0] for one in given]
    made = [
        ChatSession(**_initial_fields(owner, one.get("title"), one.get("model"))) for one in given
    ]
    _insert(made)
    record_chat(
        owner,
        "create_sessions",
        "session_created",
        sessions=len(made),
        stored_bytes=len(made) * SESSION_BYTES,
    )
    return made


def _initial_fields(owner: Principal, title: str | None, model: str | None) -> dict[str, Any]:
    now = timezone.now()
    return {
        "user_id": owner.user_id,
        "title": title or f"Chat {now:%Y-%m-%d %H:%M}",
        "model": model or settings.DEFAULT_CHAT_MODEL,
        "created_at": now,
        "updated_at": now,
    }


def update_session(owner: Principal, session_id: int, **given: Any) -> ChatSession:
    """Change a session of `owner`, or show another of its branches.

    `given` may hold `title`, `model`, `is_pinned` and `is_archived`, which stay unchanged when
    they are None or empty; `external_id`, `end_user_id`, `metadata`, `tags`, `folder` and
    `expires_at`; `current_message_id`; and `others`: fields without a column, by name. The session
    keeps its place in the list.

    Raises Http404 when there is no such session, ValidationError when it has no such message, and
    ExternalIdTaken when another session has that `external_id`.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk=session_id)
    changed = {
        name: value
        for name, value in given.items()
        if value not in (None, "")
        or name in ("external_id", "end_user_id", "metadata", "folder", "expires_at")
    }
    others, leaf = changed.pop("others", None), changed.pop("current_message_id", None)
    if not changed and not others and not leaf:
        return get_object_or_404(sessions)
    if others or leaf:
        with transaction.atomic():
            session = get_object_or_404(sessions.select_for_update(no_key=True))
            if others:
                changed["extra"] = {**(session.extra or {}), **others}
            if leaf:
                switch_branch(session, leaf)
            _update(sessions, changed)
    else:
        _update(sessions, changed)
    with deadline.extended():
        session = get_object_or_404(sessions)
        record_chat(
            owner,
            "update_session",
            "session_updated",
            model=session.model,
            session_id=session_id,
            changed=sorted(given.keys() & {*changed, "others", "current_message_id"}),
        )
    return session


class ExternalIdTaken(Conflict):
    """409: another session of the user has that `external_id`."""

    default_detail = "Another of your sessions has this external_id."
    default_code = "external_id_taken"


def _update(sessions: ChatSessionQuerySet, changed: Mapping[str, Any]) -> None:
    may_collide = "external_id" in changed or "is_active" in changed
    try:
        with transaction.atomic() if may_collide else nullcontext():
            updated = sessions.update(version=F("version") + 1, **changed)
    except IntegrityError as error:
        raise ExternalIdTaken from error
    if not updated:
        raise Http404


_SWITCH = "SELECT chat_switch_branch(%s::bigint, %s::bigint, %s::bigint)"


def switch_branch(session: ChatSession, leaf: int) -> None:
    """Make the branch that ends with the message `leaf` the current one of a locked session.

    Raises ValidationError when the session has no such message.
    """
    if not ChatMessage.objects.of(session).filter(pk=leaf).exists():
        message = "There is no such message in this session."
        raise ValidationError({"current_message_id": [message]})
    with connection.cursor() as cursor:
        cursor.execute(_SWITCH, [session.user_id, session.pk, leaf])


def delete_session(owner: Principal, session_id: int) -> None:
    """Move a session of `owner` to the trash, where nothing but restoring finds it.

    Raises Http404 when there is no such session.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk=session_id)
    if not sessions.trash():
        raise Http404
    record_chat(owner, "delete_session", "session_deleted", session_id=session_id)


def delete_sessions(owner: Principal, session_ids: Sequence[int]) -> int:
    """Move the sessions among these that belong to `owner` to the trash.

    Returns how many there were.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk__in=session_ids)
    deleted = sessions.trash()
    if deleted:
        record_chat(owner, "delete_sessions", "session_deleted", sessions=deleted)
    return deleted


def erase_end_user(owner: Principal, end_user_id: str) -> int:
    """Delete for good the sessions of one end user of `owner`, including those in the trash.

    Nobody can find or restore them from then on; a worker deletes their content. One statement.
    Returns how many there were.
    """
    sessions = ChatSession.objects.owned_by(owner).matching(end_user_id=end_user_id)
    erased = sessions.filter(is_purged=False).trash(is_purged=True)
    if erased:
        record_chat(owner, "erase_end_user", "session_deleted", sessions=erased)
        after_commit(partial(enqueue, "chat.sessions.retention.purge_expired"))
    return erased


def restore_session(owner: Principal, session_id: int) -> ChatSession:
    """Restore a deleted session of `owner` with everything in it.

    Raises Http404 when there is no such session in the trash, and ExternalIdTaken when another has
    taken its `external_id`.
    """
    sessions = ChatSession.objects.owned_by(owner).filter(pk=session_id)
    _restore(sessions)
    record_chat(owner, "restore_session", "session_restored", session_id=session_id)
    return get_object_or_404(sessions.active())


def restore_sessions(sessions: ChatSessionQuerySet) -> int:
    """Restore the deleted ones of `sessions`, for operators. Returns how many.

    A session whose `external_id` another has taken stays in the trash. A few statements each.
    """
    restored = 0
    for session in sessions.deleted():
        with suppress(Http404, ExternalIdTaken), transaction.atomic():
            _restore(ChatSession.objects.filter(pk=session.pk, user_id=session.user_id))
            target = f"chatsession:{session.pk}"
            audit.record("session_restored", user_id=session.user_id, target=target)
            restored += 1
    return restored


def _restore(sessions: ChatSessionQuerySet) -> None:
    _update(sessions.deleted(), {"is_active": True, "deleted_at": None})


# The path to a message is the part that it shares with the current branch, then its own part.
# A statement of its own, because Citus cannot send one that both recurses and inserts. The ids are
# passed on as text, because converting thousands of numbers takes time.
_BRANCH = f"""
WITH RECURSIVE path AS (
    SELECT id, parent_id, is_current, position FROM chat_messages
    WHERE id = %(message)s AND session_id = %(session)s AND user_id = %(user)s
    UNION ALL
    SELECT above.id, above.parent_id, above.is_current, above.position
    FROM path JOIN chat_messages AS above
        ON above.id = path.parent_id AND above.session_id = %(session)s
        AND above.user_id = %(user)s
    WHERE NOT path.is_current
), source AS (
    SELECT id, position, {SIZE_BYTES} AS bytes
    FROM chat_messages
    WHERE session_id = %(session)s AND user_id = %(user)s AND (
        (is_current AND (
            %(message)s::bigint IS NULL OR position <= (SELECT position FROM path WHERE is_current)
        ))
        OR id IN (SELECT id FROM path)
    )
    ORDER BY position
    LIMIT %(max_messages)s + 1
)
SELECT count(*), COALESCE(sum(bytes), 0)::bigint, array_agg(id ORDER BY position)::text FROM source
"""  # noqa: S608 - names of columns
# Ids come from one sequence; where users are distributed, from that of the coordinator.
_NEW_IDS = """
SELECT array_agg(nextval('chat_messages_id_seq'))::text FROM generate_series(1, %s)
"""
_COPY = """
INSERT INTO chat_messages (
    id, session_id, user_id, position, parent_id, client_id, role, content, content_parts,
    model, tokens, reasoning, metadata, created_at, status, revision, edited, updated_at, extra
)
SELECT
    new_id, %(copy)s, user_id, new_id, lag(new_id) OVER (ORDER BY new_id), client_id, role,
    content, content_parts, model, tokens, reasoning, metadata, created_at, status, revision,
    edited, updated_at, extra
FROM unnest(%(ids)s::bigint[], %(new_ids)s::bigint[]) AS given (old_id, new_id)
JOIN chat_messages ON id = old_id
WHERE user_id = %(user)s AND session_id = %(session)s
RETURNING chat_message_bytes(content, content_parts, reasoning, metadata, extra)
"""


def fork_session(
    owner: Principal, session_id: int, *, message_id: int | None = None, title: str | None = None
) -> ChatSession:
    """Create a session with a copy of the messages of another of `owner`, up to a message.

    Without `message_id` all messages are copied; the title defaults to the original's.

    Raises Http404 when there is no such session or it has no such message, and ValidationError
    when more than MAX_FORKED messages, or more bytes than a request may have (MAX_BODY_BYTES),
    would be copied.
    """
    source = get_object_or_404(ChatSession.objects.owned_by(owner).active(), pk=session_id)
    chosen = {"user": owner.user_id, "session": source.pk}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BRANCH, {**chosen, "message": message_id, "max_messages": MAX_FORKED})
        messages, size_bytes, ids = cursor.fetchone()
        if message_id is not None and not messages:
            raise Http404
        if messages > MAX_FORKED:
            raise ValidationError(f"At most {MAX_FORKED} messages can be copied.")
        if size_bytes > settings.MAX_BODY_BYTES:
            raise ValidationError(f"At most {settings.MAX_BODY_BYTES:,} bytes can be copied.")
        fork = create_session(owner, title=title or source.title, model=source.model)
        if messages:
            cursor.execute(_NEW_IDS, [messages])
            (new_ids,) = cursor.fetchone()
            cursor.execute(_COPY, {**chosen, "copy": fork.pk, "ids": ids, "new_ids": new_ids})
            stored = [size for (size,) in cursor.fetchall()]
            record_chat(
                owner,
                "fork_session",
                "session_forked",
                session_id=fork.pk,
                messages=len(stored),
                stored_bytes=sum(stored),
            )
    return fork
