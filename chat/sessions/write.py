"""Verbs on chat sessions."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts import activity
from accounts.plans.storage import SESSION_BYTES, check_storage
from accounts.principals.principal import Principal
from chat.activity import chat_event, record_chat
from chat.models import ChatSession
from gatewayz.redis.breaker import breaker
from gatewayz.request import deadline
from gatewayz.request.context import timed, timing_ms
from gatewayz.threads.combining import Combiner

logger = logging.getLogger(__name__)

# One statement copies this many well within its time-out.
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
        "Session creation completed in %.1fms: session %d of user %d (user_lookup: %.1fms)",
        timing_ms("session_create"),
        session.pk,
        owner.user_id,
        timing_ms("user_lookup"),
    )
    return session


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


# Concurrent creations share one statement and one commit.
_combined_inserts = Combiner(
    _create, alone_after=(IntegrityError, DataError), is_risky=breaker.is_open
)


def create_sessions(owner: Principal, given: Sequence[Mapping[str, Any]]) -> list[ChatSession]:
    """Create several sessions for `owner` in one INSERT; each may have a `title` and a `model`.

    Returns them in the order given.
    """
    check_storage(owner)
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


def update_session(
    owner: Principal,
    session_id: int,
    *,
    title: str | None = None,
    model: str | None = None,
    is_pinned: bool | None = None,
    is_archived: bool | None = None,
) -> ChatSession:
    """Rename a session of `owner`, change its model, pin or archive it.

    Values that are None or empty stay unchanged. Only a new title or model touches the session.

    Raises Http404 when there is no such session.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk=session_id)
    changed: dict[str, Any] = {
        name: value for name, value in {"title": title, "model": model}.items() if value
    }
    if changed:
        changed["updated_at"] = timezone.now()
    marks = {"is_pinned": is_pinned, "is_archived": is_archived}
    changed |= {name: mark for name, mark in marks.items() if mark is not None}
    if not changed:
        return get_object_or_404(sessions)
    if not sessions.update(**changed):
        raise Http404
    with deadline.extended():
        session = get_object_or_404(sessions)
        record_chat(
            owner,
            "update_session",
            "session_updated",
            model=session.model,
            session_id=session_id,
            changed=sorted(changed.keys() - {"updated_at"}),
        )
    return session


def delete_session(owner: Principal, session_id: int) -> None:
    """Move a session of `owner` to the trash, where nothing but restoring finds it.

    Raises Http404 when there is no such session.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk=session_id)
    if not sessions.update(is_active=False, updated_at=timezone.now()):
        raise Http404
    record_chat(owner, "delete_session", "session_deleted", session_id=session_id)


def delete_sessions(owner: Principal, session_ids: Sequence[int]) -> int:
    """Move those of the sessions that belong to `owner` to the trash.

    Returns how many there were.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk__in=session_ids)
    deleted = sessions.update(is_active=False, updated_at=timezone.now())
    if deleted:
        record_chat(owner, "delete_sessions", "session_deleted", sessions=deleted)
    return deleted


def restore_session(owner: Principal, session_id: int) -> ChatSession:
    """Restore a deleted session of `owner` with everything in it.

    Raises Http404 when there is no such session in the trash.
    """
    sessions = ChatSession.objects.owned_by(owner).filter(pk=session_id)
    if not sessions.deleted().update(is_active=True, updated_at=timezone.now()):
        raise Http404
    record_chat(owner, "restore_session", "session_restored", session_id=session_id)
    return get_object_or_404(sessions.active())


# Copies nothing if there is too much. Values stored out of line are measured without reading them.
_COPY = """
WITH source AS (
    SELECT *
    FROM chat_messages
    WHERE session_id = %(session)s AND (
        %(message)s::bigint IS NULL OR (created_at, id) <= (
            SELECT created_at, id FROM chat_messages
            WHERE id = %(message)s AND session_id = %(session)s
        )
    )
    ORDER BY created_at, id
    LIMIT %(max_messages)s + 1
), measured AS (
    SELECT
        count(*) AS messages,
        COALESCE(sum(
            octet_length(content) + COALESCE(pg_column_size(content_parts), 0)
            + COALESCE(octet_length(reasoning), 0) + COALESCE(pg_column_size(metadata), 0)
        ), 0)::bigint AS bytes
    FROM source
), copied AS (
    INSERT INTO chat_messages (
        session_id, role, content, content_parts, model, tokens, reasoning, metadata, created_at
    )
    SELECT %(copy)s, role, content, content_parts, model, tokens, reasoning, metadata, created_at
    FROM source, measured
    WHERE messages <= %(max_messages)s AND bytes <= %(max_bytes)s
    ORDER BY created_at, id
    RETURNING chat_message_bytes(content, content_parts, reasoning, metadata) AS stored
)
SELECT messages, bytes, (SELECT COALESCE(sum(stored), 0)::bigint FROM copied) FROM measured
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
    with transaction.atomic():
        fork = create_session(owner, title=title or source.title, model=source.model)
        with connection.cursor() as cursor:
            cursor.execute(
                _COPY,
                {
                    "copy": fork.pk,
                    "session": source.pk,
                    "message": message_id,
                    "max_messages": MAX_FORKED,
                    "max_bytes": settings.MAX_BODY_BYTES,
                },
            )
            messages, size_bytes, stored_bytes = cursor.fetchone()
        if message_id is not None and not messages:
            raise Http404
        if messages > MAX_FORKED:
            raise ValidationError(f"At most {MAX_FORKED} messages can be copied.")
        if size_bytes > settings.MAX_BODY_BYTES:
            raise ValidationError(f"At most {settings.MAX_BODY_BYTES:,} bytes can be copied.")
        if messages:
            record_chat(
                owner,
                "fork_session",
                "session_forked",
                session_id=fork.pk,
                messages=messages,
                stored_bytes=stored_bytes,
            )
    return fork
