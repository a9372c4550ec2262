"""`fastapi_asyncpg` with what else people do all day: append, update, read, list and search.

As few statements as there can be without putting JSON together in the database. Search is the
text search of PostgreSQL with an index on a column of a table of its own, which
`benchmarks.day` fills once: this contender does not pay for keeping it up to date.
"""

from typing import Annotated, Any, Literal

import orjson
from fastapi import Depends, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from benchmarks.contenders.fastapi_asyncpg import Principal, Text, app, authenticated, record

__all__ = ["app"]

SESSION = "id, user_id, title, model, is_active, is_pinned, is_archived, created_at, updated_at"
MESSAGE = (
    "id, session_id, role, content, content_parts, model, tokens, reasoning, metadata, created_at"
)

LIST = f"""
SELECT {SESSION}, count(*) OVER () AS count FROM chat_sessions
WHERE user_id = $1 AND is_active ORDER BY updated_at DESC, id DESC LIMIT $2 OFFSET $3
"""  # noqa: S608 - names of columns

READ = f"SELECT {SESSION} FROM chat_sessions WHERE id = $1 AND user_id = $2 AND is_active"  # noqa: S608

MESSAGES = f"""
SELECT {MESSAGE} FROM chat_messages WHERE session_id = $1 ORDER BY id DESC LIMIT $2
"""  # noqa: S608

APPEND = f"""
WITH touched AS (
    UPDATE chat_sessions SET updated_at = greatest(updated_at, clock_timestamp()),
        model = coalesce($3, model)
    WHERE id = $1 AND user_id = $2 AND is_active RETURNING id, updated_at
)
INSERT INTO chat_messages (
    session_id, role, content, content_parts, model, tokens, reasoning, metadata, created_at
)
SELECT id, $4, $5, $6::jsonb, coalesce($3, ''), $7, $8, $9::jsonb, updated_at FROM touched
RETURNING {MESSAGE}
"""  # noqa: S608

UPDATE = f"""
WITH touched AS (
    UPDATE chat_sessions SET updated_at = greatest(updated_at, clock_timestamp())
    WHERE id = $1 AND user_id = $2 AND is_active RETURNING id
)
UPDATE chat_messages SET content = coalesce($4, content), status = coalesce($5, status)
FROM touched WHERE session_id = touched.id AND chat_messages.id = $3
RETURNING {MESSAGE.replace("id, ", "chat_messages.id, ", 1)}
"""  # noqa: S608

SEARCH = f"""
WITH query AS (SELECT websearch_to_tsquery('simple', $2) AS asked), found AS (
    SELECT DISTINCT ON (session_id) session_id, message_id, ts_rank(search, asked, 1) AS rank
    FROM peer_search, query WHERE search @@ asked AND user_id = $1
    ORDER BY session_id, rank DESC, message_id DESC
), page AS (
    SELECT {SESSION}, message_id, rank, count(*) OVER () AS count
    FROM found JOIN chat_sessions ON id = session_id WHERE user_id = $1 AND is_active
    ORDER BY rank DESC, updated_at DESC, id DESC LIMIT $3
)
SELECT page.*, ts_headline('simple', content, asked) AS snippet
FROM page JOIN chat_messages AS message ON message.id = page.message_id, query
ORDER BY rank DESC, updated_at DESC, page.id DESC
"""  # noqa: S608

Caller = Annotated[Principal, Depends(authenticated)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class MessageInput(BaseModel):
    role: Literal["user", "assistant", "system", "developer", "tool", "function"]
    content: str | list[dict[str, Any]]
    model: Text | None = None
    tokens: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    reasoning: str | None = None
    metadata: Any = None


class MessageChange(BaseModel):
    content: str | None = None
    status: Literal["in_progress", "completed", "incomplete", "failed"] | None = None


class SearchInput(BaseModel):
    query: Annotated[str, Field(min_length=1, max_length=500)]
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@app.get("/v1/chat/sessions")
async def list_sessions(
    request: Request, principal: Caller, limit: Limit = 50, offset: int = 0
) -> Response:
    rows = await request.app.state.database.fetch(LIST, principal.user_id, limit, offset)
    sessions = [dict(row) for row in rows]
    count = max([session.pop("count") for session in sessions], default=0)
    return _answer(principal, sessions, count=count)


@app.get("/v1/chat/sessions/{session_id}")
async def read_session(
    session_id: int, request: Request, principal: Caller, message_limit: Limit = 200
) -> Response:
    async with request.app.state.database.acquire() as connection:
        session = await connection.fetchrow(READ, session_id, principal.user_id)
        if session is None:
            raise HTTPException(404)
        rows = await connection.fetch(MESSAGES, session_id, message_limit + 1)
    messages = [_message(row) for row in rows[message_limit - 1 :: -1]]
    has_more = len(rows) > message_limit
    return _answer(principal, {**session, "messages": messages, "has_more_messages": has_more})


@app.post("/v1/chat/sessions/{session_id}/messages")
async def append(
    session_id: int, given: MessageInput, request: Request, principal: Caller
) -> Response:
    state, is_text = request.app.state, isinstance(given.content, str)
    row = await state.database.fetchrow(
        APPEND,
        *(session_id, principal.user_id, given.model, given.role),
        given.content if is_text else "\n".join(part.get("text", "") for part in given.content),
        None if is_text else orjson.dumps(given.content).decode(),
        given.tokens or 0,
        given.reasoning,
        None if given.metadata is None else orjson.dumps(given.metadata).decode(),
    )
    if row is None:
        raise HTTPException(404)
    details = {"action": "save_message", "session_id": session_id, "messages": 1}
    await record(state, principal, "message_saved", row["model"], row["tokens"], details)
    return _answer(principal, _message(row), 201, message="Message saved successfully")


@app.patch("/v1/chat/sessions/{session_id}/messages/{message_id}")
async def update(
    session_id: int, message_id: int, given: MessageChange, request: Request, principal: Caller
) -> Response:
    row = await request.app.state.database.fetchrow(
        UPDATE, session_id, principal.user_id, message_id, given.content, given.status
    )
    if row is None:
        raise HTTPException(404)
    return _answer(principal, _message(row), message="Message updated successfully")


@app.post("/v1/chat/search")
async def search(given: SearchInput, request: Request, principal: Caller) -> Response:
    rows = await request.app.state.database.fetch(
        SEARCH, principal.user_id, given.query, given.limit
    )
    matches = [dict(row) for row in rows]
    count = max([match.pop("count") for match in matches], default=0)
    return _answer(principal, matches, count=count)


def _message(row: Any) -> dict[str, Any]:
    message = dict(row)
    parts, metadata = message.pop("content_parts"), message["metadata"]
    if parts is not None:
        message["content"] = orjson.Fragment(parts)
    if metadata is not None:
        message["metadata"] = orjson.Fragment(metadata)
    return message


def _answer(principal: Principal, data: Any, status: int = 200, **beside: Any) -> Response:
    body = {"success": True, "data": data, **beside}
    return Response(orjson.dumps(body), status, principal.headers, "application/json")
