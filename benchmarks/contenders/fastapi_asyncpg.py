"""The same job on the fastest stack that Python teams commonly choose, written with care.

One Redis script finds the key and counts the request in its windows, one INSERT creates the
session, and one push leaves the activity to a worker: three round trips, the fewest possible.
"""

import hmac
import logging
import os
import re
import time
import uuid
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import redis.asyncio as redis
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, StringConstraints
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.contenders.asyncpg_pool import create_pool

PEPPER = os.environ["KEY_PEPPERS"].encode()
PREFIX = os.environ["REDIS_KEY_PREFIX"] + ":fastapi:"
ACTIVITY = PREFIX + "activity"
CACHE_SECONDS = 300
DEFAULT_MODEL = "openai/gpt-3.5-turbo"
# Requests per minute, hour and day: more than the benchmark makes.
LIMITS = (10_000_000, 600_000_000, 14_000_000_000)

KEY = re.compile(r"gw_(?:live|test|staging|dev)_[0-9A-Za-z]{49}")
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")

# KEYS: the cached key, its windows. ARGV: the limits per minute, hour and day.
# Returns the cached key, or nil, and for the tightest window: the limit, what remains (-1 when the
# request is rejected), and the seconds until more remains. A sliding window counts the current
# window and the share of the one before that still counts.
ADMIT = """
local cached = redis.call('GET', KEYS[1])
if not cached then return {false, 0, 0, 0} end
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local sizes, remaining, limit, reset, counted = {60, 3600, 86400}, math.huge, 0, 0, {}
for i, size in ipairs(sizes) do
    local this = math.floor(now / size)
    local name, before = i .. ':' .. this, i .. ':' .. (this - 1)
    local counts = redis.call('HMGET', KEYS[2], before, name)
    local share = 1 - (now / size - this)
    local left = ARGV[i] - (counts[1] or 0) * share - (counts[2] or 0) - 1
    if left < remaining then
        remaining, limit, reset = left, ARGV[i], math.ceil((this + 1) * size - now)
    end
    counted[i] = name
    if not counts[2] then redis.call('HDEL', KEYS[2], i .. ':' .. (this - 2)) end
end
if remaining < 0 then return {cached, limit, -1, reset} end
for _, name in ipairs(counted) do redis.call('HINCRBY', KEYS[2], name, 1) end
redis.call('EXPIRE', KEYS[2], 172800)
return {cached, limit, math.floor(remaining), reset}
"""

LOAD = """
SELECT key.user_id, key.id, key.is_active AND owner.is_active,
       extract(epoch FROM key.expiration_date)::float8
FROM api_keys_new AS key JOIN users AS owner ON owner.id = key.user_id
WHERE key.key_digest = $1
"""

INSERT = """
INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
VALUES ($1, $2, $3, true, $4, $4)
RETURNING id, user_id, title, model, is_active, is_pinned, is_archived, created_at, updated_at
"""

logging.basicConfig(
    level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
)
logger = logging.getLogger(__name__)
request_id_of_task: ContextVar[str] = ContextVar("request_id", default="-")
timings_of_task: ContextVar[dict[str, float]] = ContextVar("timings")


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_of_task.get()
        return True


for handler in logging.getLogger().handlers:
    handler.addFilter(RequestIdFilter())


# --- Connections -------------------------------------------------------------------------------


@asynccontextmanager
async def connections(app: FastAPI) -> AsyncIterator[None]:
    async with (
        create_pool() as app.state.database,
        redis.Redis.from_url(os.environ["REDIS_URL"], max_connections=64) as app.state.redis,
    ):
        app.state.admit = app.state.redis.register_script(ADMIT)
        yield


class RequestContext:
    """Request id and Server-Timing in plain ASGI: BaseHTTPMiddleware costs a task per request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode("latin-1")
        if not SANE_REQUEST_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex
        timings: dict[str, float] = {}
        request_id_of_task.set(request_id)
        timings_of_task.set(timings)
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                timings["total"] = (time.perf_counter() - started) * 1000
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["Server-Timing"] = ", ".join(
                    f"{name};dur={ms:.2f}" for name, ms in timings.items()
                )
            await send(message)

        await self.app(scope, receive, send_with_headers)


app = FastAPI(lifespan=connections)
app.add_middleware(RequestContext)


# --- Keys and limits ---------------------------------------------------------------------------


class Principal:
    __slots__ = ("headers", "key_id", "user_id")

    def __init__(self, user_id: int, key_id: int, headers: dict[str, str]) -> None:
        self.user_id = user_id
        self.key_id = key_id
        self.headers = headers


def is_well_formed(api_key: str) -> bool:
    if not KEY.fullmatch(api_key):
        return False
    number, digits = zlib.crc32(api_key[:-6].encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    return digits == api_key[-6:]


async def authenticated(request: Request) -> Principal:
    started = time.perf_counter()
    scheme, _, api_key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not is_well_formed(api_key):
        raise HTTPException(401, "This API key does not exist.", {"WWW-Authenticate": "Bearer"})
    digest = hmac.digest(PEPPER, api_key.encode(), "sha256").hex()
    state = request.app.state
    keys = [f"{PREFIX}key:{{{digest}}}", f"{PREFIX}windows:{{{digest}}}"]
    cached, limit, remaining, reset = await state.admit(keys, LIMITS)
    if cached is None:
        found = await state.database.fetchrow(LOAD, digest)
        if found is None:
            raise HTTPException(
                401, "This API key does not exist.", {"WWW-Authenticate": "Bearer"}
            )
        await state.redis.set(keys[0], orjson.dumps(list(found)), ex=CACHE_SECONDS)
        cached, limit, remaining, reset = await state.admit(keys, LIMITS)
    user_id, key_id, is_active, expires_at = orjson.loads(cached)
    if not is_active or (expires_at is not None and expires_at <= time.time()):
        raise HTTPException(401, "This API key has expired.", {"WWW-Authenticate": "Bearer"})
    headers = {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(max(remaining, 0)),
        "RateLimit-Reset": str(reset),
    }
    if remaining < 0:
        raise HTTPException(429, "Too many requests.", {**headers, "Retry-After": str(reset)})
    timings_of_task.get()["user_lookup"] = (time.perf_counter() - started) * 1000
    return Principal(user_id, key_id, headers)


# --- Sessions ----------------------------------------------------------------------------------

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]


class SessionInput(BaseModel):
    title: Text | None = None
    model: Text | None = None


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/v1/chat/sessions", status_code=201)
async def create_session(
    given: SessionInput, request: Request, principal: Annotated[Principal, Depends(authenticated)]
) -> Response:
    session, message = await create(request.app.state, principal, given.title, given.model)
    body = {"success": True, "data": session, "message": message}
    return Response(orjson.dumps(body), 201, principal.headers, "application/json")


async def create(
    state: Any, principal: Principal, title: str | None, model: str | None
) -> tuple[dict[str, Any], str]:
    """Create a session and record it. Returns it, and the message beside it."""
    timings, now = timings_of_task.get(), datetime.now(UTC)
    title = title or f"Chat {now:%Y-%m-%d %H:%M}"
    model = model or DEFAULT_MODEL
    started = time.perf_counter()
    row = await state.database.fetchrow(INSERT, principal.user_id, title, model, now)
    timings["session_create"] = (time.perf_counter() - started) * 1000
    session = dict(row)
    details = {"action": "create_session", "session_id": session["id"], "session_title": title}
    await record(state, principal, "session_created", session["model"], 0, details)
    logger.info(
        "Created chat session %d for user %d (user_lookup: %.1fms, session_create: %.1fms)",
        session["id"],
        principal.user_id,
        timings["user_lookup"],
        timings["session_create"],
    )
    return session, "Chat session created successfully"


async def record(
    state: Any, principal: Principal, reason: str, model: str, tokens: int, details: dict[str, Any]
) -> None:
    """Leave an event, as `accounts.activity.events` reads it, to the worker.

    Callers without a key, as of `fastapi_bare`, leave none.
    """
    if not principal.key_id:
        return
    provider, slash, _ = model.partition("/")
    event = [
        *(uuid.uuid4(), principal.user_id, principal.key_id, datetime.now(UTC), model),
        *(provider if slash else "", tokens, 0.0, 0.0, reason, "Chat", details),
    ]
    await state.redis.rpush(ACTIVITY, orjson.dumps(event))
