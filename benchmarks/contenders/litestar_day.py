"""What `fastapi_day` does on Litestar and msgspec: the same statements, checks and events."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import msgspec
import redis.asyncio as redis
from fastapi import HTTPException as CallerError
from litestar import Litestar, Request, Response, get, patch, post
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import Parameter
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController

from benchmarks.contenders import fastapi_asyncpg as shared
from benchmarks.contenders.asyncpg_pool import create_pool
from benchmarks.contenders.fastapi_asyncpg import Principal, RequestContext, record
from benchmarks.contenders.fastapi_day import APPEND, LIST, MESSAGES, READ, SEARCH, UPDATE

Text = Annotated[str, msgspec.Meta(max_length=255)]
Limit = Annotated[int, Parameter(ge=1, le=1000)]


class SessionInput(msgspec.Struct):
    title: Text | None = None
    model: Text | None = None


class MessageInput(msgspec.Struct):
    role: Literal["user", "assistant", "system", "developer", "tool", "function"]
    content: str | list[dict[str, Any]]
    model: Text | None = None
    tokens: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] | None = None
    reasoning: str | None = None
    metadata: Any = None


class MessageChange(msgspec.Struct):
    content: str | None = None
    status: Literal["in_progress", "completed", "incomplete", "failed"] | None = None


class SearchInput(msgspec.Struct):
    query: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


@asynccontextmanager
async def connections(app: Litestar) -> AsyncIterator[None]:
    async with (
        create_pool() as app.state.database,
        redis.Redis.from_url(os.environ["REDIS_URL"], max_connections=64) as app.state.redis,
    ):
        app.state.admit = app.state.redis.register_script(shared.ADMIT)
        yield


async def authenticated(request: Request[Any, Any, Any]) -> Principal:
    try:
        return await shared.authenticated(request)  # type: ignore[arg-type]
    except CallerError as error:
        raise HTTPException(
            error.detail, status_code=error.status_code, headers=dict(error.headers or {})
        ) from error


@get("/healthz", sync_to_thread=False)
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@post("/v1/chat/sessions")
async def create_session(
    data: SessionInput, request: Request[Any, Any, Any], principal: Principal
) -> Response[bytes]:
    session, message = await shared.create(request.app.state, principal, data.title, data.model)
    return _answer(principal, session, 201, message=message)


@get("/v1/chat/sessions")
async def list_sessions(
    request: Request[Any, Any, Any], principal: Principal, limit: Limit = 50, offset: int = 0
) -> Response[bytes]:
    rows = await request.app.state.database.fetch(LIST, principal.user_id, limit, offset)
    sessions = [dict(row) for row in rows]
    count = max([session.pop("count") for session in sessions], default=0)
    return _answer(principal, sessions, count=count)


@get("/v1/chat/sessions/{session_id:int}")
async def read_session(
    session_id: int,
    request: Request[Any, Any, Any],
    principal: Principal,
    message_limit: Limit = 200,
) -> Response[bytes]:
    async with request.app.state.database.acquire() as connection:
        session = await connection.fetchrow(READ, session_id, principal.user_id)
        if session is None:
            raise NotFoundException
        rows = await connection.fetch(MESSAGES, session_id, message_limit + 1)
    messages = [_message(row) for row in rows[message_limit - 1 :: -1]]
    has_more = len(rows) > message_limit
    return _answer(principal, {**session, "messages": messages, "has_more_messages": has_more})


@post("/v1/chat/sessions/{session_id:int}/messages")
async def append(
    session_id: int, data: MessageInput, request: Request[Any, Any, Any], principal: Principal
) -> Response[bytes]:
    state, is_text = request.app.state, isinstance(data.content, str)
    row = await state.database.fetchrow(
        APPEND,
        *(session_id, principal.user_id, data.model, data.role),
        data.content if is_text else "\n".join(part.get("text", "") for part in data.content),
        None if is_text else msgspec.json.encode(data.content).decode(),
        data.tokens or 0,
        data.reasoning,
        None if data.metadata is None else msgspec.json.encode(data.metadata).decode(),
    )
    if row is None:
        raise NotFoundException
    details = {"action": "save_message", "session_id": session_id, "messages": 1}
    await record(state, principal, "message_saved", row["model"], row["tokens"], details)
    return _answer(principal, _message(row), 201, message="Message saved successfully")


@patch("/v1/chat/sessions/{session_id:int}/messages/{message_id:int}")
async def update(
    session_id: int,
    message_id: int,
    data: MessageChange,
    request: Request[Any, Any, Any],
    principal: Principal,
) -> Response[bytes]:
    row = await request.app.state.database.fetchrow(
        UPDATE, session_id, principal.user_id, message_id, data.content, data.status
    )
    if row is None:
        raise NotFoundException
    return _answer(principal, _message(row), message="Message updated successfully")


@post("/v1/chat/search")
async def search(
    data: SearchInput, request: Request[Any, Any, Any], principal: Principal
) -> Response[bytes]:
    rows = await request.app.state.database.fetch(
        SEARCH, principal.user_id, data.query, data.limit
    )
    matches = [dict(row) for row in rows]
    count = max([match.pop("count") for match in matches], default=0)
    return _answer(principal, matches, count=count)


def _message(row: Any) -> dict[str, Any]:
    message = dict(row)
    parts, metadata = message.pop("content_parts"), message["metadata"]
    if parts is not None:
        message["content"] = msgspec.Raw(parts)
    if metadata is not None:
        message["metadata"] = msgspec.Raw(metadata)
    return message


def _answer(principal: Principal, data: Any, status: int = 200, **beside: Any) -> Response[bytes]:
    body = msgspec.json.encode({"success": True, "data": data, **beside})
    return Response(
        body, status_code=status, headers=principal.headers, media_type="application/json"
    )


app = RequestContext(
    Litestar(
        [
            *(healthz, create_session, list_sessions, read_session, append, update, search),
            PrometheusController,
        ],
        dependencies={"principal": Provide(authenticated)},
        lifespan=[connections],
        middleware=[PrometheusConfig().middleware],
    )
)
