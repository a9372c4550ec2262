"""How the old service created a session: one statement after another, nothing kept in between.

It spoke to its database through PostgREST, each statement an HTTP request of 50–500 ms. Here
each is a round trip to PostgreSQL itself, which is kinder than it was.
"""

import hashlib
import hmac
import json
import logging
import os
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field

PEPPER = os.environ["KEY_PEPPERS"].encode()
DEFAULT_MODEL = "openai/gpt-3.5-turbo"

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)
app = FastAPI()
pool = ConnectionPool(
    os.environ["DATABASE_URL"],
    min_size=1,
    max_size=16,
    kwargs={"autocommit": True, "row_factory": dict_row},
    open=True,
)


class CreateChatSessionRequest(BaseModel):
    title: Annotated[str, Field(max_length=255)] | None = None
    model: Annotated[str, Field(max_length=255)] | None = None


def _execute(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """One request to the database, as the old client made them."""
    with pool.connection() as connection:
        return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]


def get_api_key(authorization: Annotated[str, Header()]) -> str:
    scheme, _, api_key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "Authorization header must be a bearer token")
    return api_key


def get_user(api_key: str) -> dict[str, Any] | None:
    digest = hmac.new(PEPPER, api_key.encode(), hashlib.sha256).hexdigest()
    keys = _execute(
        "SELECT * FROM api_keys_new WHERE key_digest = %(digest)s AND is_active",
        {"digest": digest},
    )
    if not keys:
        return None
    users = _execute("SELECT * FROM users WHERE id = %(id)s", {"id": keys[0]["user_id"]})
    return {**users[0], "key_id": keys[0]["id"]} if users else None


def create_chat_session(user_id: int, title: str | None, model: str | None) -> dict[str, Any]:
    now = datetime.now(UTC)
    (session,) = _execute(
        "INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)"
        " VALUES (%(user_id)s, %(title)s, %(model)s, true, %(now)s, %(now)s) RETURNING *",
        {
            "user_id": user_id,
            "title": title or f"Chat {now:%Y-%m-%d %H:%M}",
            "model": model or DEFAULT_MODEL,
            "now": now,
        },
    )
    del session["search"]
    return session


def log_activity(user: dict[str, Any], session: dict[str, Any]) -> None:
    _execute(
        "INSERT INTO activity_log (event_id, user_id, api_key_id, timestamp, model, provider,"
        " tokens, cost, speed, finish_reason, app, metadata)"
        " VALUES (%(event_id)s, %(user_id)s, %(key_id)s, %(now)s, %(model)s, %(provider)s,"
        " 0, 0, 0, 'session_created', 'Chat', %(metadata)s) RETURNING id",
        {
            "event_id": uuid.uuid4(),
            "user_id": user["id"],
            "key_id": user["key_id"],
            "now": datetime.now(UTC),
            "model": session["model"],
            "provider": session["model"].partition("/")[0],
            "metadata": json.dumps({"action": "create_session", "session_id": session["id"]}),
        },
    )


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/v1/chat/sessions", status_code=201)
def create_session(
    given: CreateChatSessionRequest, api_key: Annotated[str, Depends(get_api_key)]
) -> dict[str, Any]:
    user = get_user(api_key)
    if user is None or not user["is_active"]:
        raise HTTPException(401, "Invalid API key")
    session = create_chat_session(user["id"], given.title, given.model)
    log_activity(user, session)
    logger.info("Created chat session %d for user %d", session["id"], user["id"])
    return {
        "success": True,
        "data": session,
        "message": "Chat session created successfully",
    }
