"""Recording what users do, without making them wait for it."""

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from django.db import transaction
from redis.exceptions import RedisError

from accounts import activity_buffer, background
from accounts.activity_events import Event, write_events

logger = logging.getLogger(__name__)


def record(
    *,
    user_id: int,
    api_key_id: int | None = None,
    model: str = "",
    provider: str = "",
    tokens: int = 0,
    cost: float = 0.0,
    speed: float = 0.0,
    finish_reason: str = "",
    app: str = "",
    metadata: dict[str, Any] | None = None,
) -> None:
    """Record an event once the surrounding transaction commits; not at all if it rolls back.

    It costs the request one round trip to Redis; a worker writes it to the activity log a
    moment later. If Redis does not take it, it is written at once. Never fails the request.

    `cost` is in US dollars, `speed` in tokens per second; `metadata` must be JSON.
    """
    event = Event(
        event_id=uuid4(),
        user_id=user_id,
        api_key_id=api_key_id,
        timestamp=datetime.now(UTC),
        model=model,
        provider=provider,
        tokens=tokens,
        cost=cost,
        speed=speed,
        finish_reason=finish_reason,
        app=app,
        metadata=metadata or {},
    )
    transaction.on_commit(lambda: _keep(event), robust=True)


def _keep(event: Event) -> None:
    try:
        wake_worker = activity_buffer.push(msgspec.json.encode(event))
    except RedisError:
        logger.warning("The activity buffer does not answer: writing at once", exc_info=True)
        write_events([event])
        return
    if wake_worker:
        wake()


def wake() -> None:
    """Ask a worker to drain the buffer. When that fails, the next sweep does it."""
    try:
        background.enqueue("accounts.activity_drain.drain")
    except RedisError:
        logger.warning("No worker could be woken to write the activity log", exc_info=True)
