"""Adding messages to a session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict

import msgspec
from django.db import connection
from django.http import Http404

from accounts.plans.storage import check_storage
from accounts.principals.principal import Principal
from chat.activity import record_chat
from chat.messages.content import text_of
from chat.models import ChatMessage


class NewMessage(TypedDict):
    """A message as a client gives it."""

    role: str
    content: str | list[dict[str, Any]]
    model: NotRequired[str | None]
    tokens: NotRequired[int | None]
    reasoning: NotRequired[str | None]
    metadata: NotRequired[Any]
    created_at: NotRequired[datetime | None]


# One statement, and so one round trip, that needs no transaction around it: the UPDATE locks
# the session, which must still be there, and the INSERT happens under that lock. Messages that
# are added at once therefore get their ids and times one after the other, and the order of a
# session only ever grows at its end.
_APPEND = """
WITH touched AS (
    UPDATE chat_sessions
    SET
        updated_at = GREATEST(updated_at, clock_timestamp()),
        model = COALESCE(%(session_model)s, model)
    WHERE id = %(session_id)s AND user_id = %(user_id)s AND is_active
    RETURNING id, model, updated_at
), saved AS (
    INSERT INTO chat_messages (
        session_id, role, content, content_parts, model, tokens, reasoning, metadata, created_at
    )
    SELECT
        touched.id, given.role, given.content, given.content_parts::jsonb, given.model,
        given.tokens, given.reasoning, given.metadata::jsonb,
        COALESCE(given.created_at, touched.updated_at)
    FROM touched, unnest(
        %(role)s::text[], %(content)s::text[], %(content_parts)s::text[], %(model)s::text[],
        %(tokens)s::integer[], %(reasoning)s::text[], %(metadata)s::text[],
        %(created_at)s::timestamptz[]
    ) WITH ORDINALITY AS given (
        role, content, content_parts, model, tokens, reasoning, metadata, created_at, position
    )
    ORDER BY given.position
    RETURNING
        id, created_at, chat_message_bytes(content, content_parts, reasoning, metadata) AS bytes
)
SELECT saved.id, saved.created_at, touched.model, saved.bytes
FROM saved, touched
ORDER BY saved.id
"""


def append_messages(
    owner: Principal, session_id: int, given: Sequence[NewMessage]
) -> list[ChatMessage]:
    """Add messages to a session of `owner`: all of them in the order given, or none.

    It touches the session, and gives it the model of the last message that names one. A
    message without a time gets that of the database.

    Returns the messages. Raises Http404 when there is no such session.
    """
    check_storage(owner)
    messages = [_unsaved(session_id, one) for one in given]
    model = next((message.model for message in reversed(messages) if message.model), None)
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            {
                "session_id": session_id,
                "user_id": owner.user_id,
                "session_model": model,
                **{
                    name: [getattr(message, name) for message in messages]
                    for name in ("role", "content", "model", "tokens", "reasoning")
                },
                "content_parts": [_json(message.content_parts) for message in messages],
                "metadata": [_json(message.metadata) for message in messages],
                "created_at": [one.get("created_at") for one in given],
            },
        )
        saved = cursor.fetchall()
    if not saved:
        raise Http404
    for message, (message_id, created_at, *_) in zip(messages, saved, strict=True):
        message.pk, message.created_at = message_id, created_at
    record_chat(
        owner,
        "save_message",
        "message_saved",
        model=saved[0][2],
        tokens=sum(message.tokens for message in messages),
        session_id=session_id,
        messages=len(messages),
        stored_bytes=sum(row[3] for row in saved),
    )
    return messages


def _unsaved(session_id: int, given: NewMessage) -> ChatMessage:
    content = given["content"]
    return ChatMessage(
        session_id=session_id,
        role=given["role"],
        content=text_of(content),
        content_parts=None if isinstance(content, str) else content,
        model=given.get("model") or "",
        tokens=given.get("tokens") or 0,
        reasoning=given.get("reasoning"),
        metadata=given.get("metadata"),
    )


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
