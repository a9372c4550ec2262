"""How the old service created a session: one query after another, with nothing cached.

It reached its database through PostgREST, with the same client as here, over a network that took
50-500 ms for each query. Here PostgREST is `contenders/postgrest.py` on the same machine, without
TLS.
"""

import hashlib
import hmac
import logging
import os
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from postgrest import SyncPostgrestClient
from pydantic import BaseModel, Field

PEPPER = os.environ["KEY_PEPPERS"].encode()
DEFAULT_MODEL = "openai/gpt-3.5-turbo"

logging.basicConfig(level=logging.INFO)
logging.getLogger("httpx").setLevel(logging.WARNING)
logger = logging.getLogger(__name__)
app = FastAPI()
database = SyncPostgrestClient(f"http://127.0.0.1:{os.environ['POSTGREST_PORT']}")


class CreateChatSessionRequest(BaseModel):
    title: Annotated[str, Field(max_length=255)] | None = None
    model: Annotated[str, Field(max_length=255)] | None = None


def get_api_key(authorization: Annotated[str, Header()]) -> str:
    scheme, _, api_key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "Authorization header must be a bearer token")
    return api_key


def get_user(api_key: str) -> dict[str, Any] | None:
    digest = hmac.new(PEPPER, api_key.encode(), hashlib.sha256).hexdigest()
    keys = _rows(
        database.table("api_keys_new").select("*").eq("key_digest", digest).eq("is_active", "true")
    )
    if not keys:
        return None
    users = _rows(database.table("users").select("*").eq("id", keys[0]["user_id"]))
    return {**users[0], "key_id": keys[0]["id"]} if users else None


def _rows(query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = query.execute().data
    return rows


def create_chat_session(user_id: int, title: str | None, model: str | None) -> dict[str, Any]:
    now = datetime.now(UTC)
    (session,) = _rows(
        database.table("chat_sessions").insert(
            {
                "user_id": user_id,
                "title": title or f"Chat {now:%Y-%m-%d %H:%M}",
                "model": model or DEFAULT_MODEL,
                "is_active": True,
                "is_pinned": False,
                "is_archived": False,
                "created_at": now.isoformat(),
                "updated_at": now.isoformat(),
            }
        )
    )
    del session["search"]
    return session


def log_activity(user: dict[str, Any], session: dict[str, Any]) -> None:
    database.table("activity_log").insert(
        {
            "event_id": str(uuid.uuid4()),
            "user_id": user["id"],
            "api_key_id": user["key_id"],
            "timestamp": datetime.now(UTC).isoformat(),
            "model": session["model"],
            "provider": session["model"].partition("/")[0],
            "tokens": 0,
            "cost": 0,
            "speed": 0,
            "finish_reason": "session_created",
            "app": "Chat",
            "metadata": {"action": "create_session", "session_id": session["id"]},
        }
    ).execute()


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
