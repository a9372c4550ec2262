"""Recording what users do, without making them wait for it."""

import logging
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import Error, transaction
from redis.exceptions import RedisError

from accounts import limits
from accounts.activity import buffer
from accounts.activity.batches import write_batch
from accounts.activity.events import Event, encode, new_event_id
from gatewayz import tracing
from gatewayz.client_address import client_address, network_of
from gatewayz.request_context import current_request

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
    moment later. When Redis does not take it, or with GATEWAYZ_DEFER_ACTIVITY=off, it is
    written at once.

    The tokens count for the limits of the request being answered, if it succeeds.

    `cost` is in US dollars, `speed` in tokens per second; `metadata` must be JSON. Never fails
    the request, except for metadata that is no JSON (TypeError) or nested without end
    (RecursionError).
    """
    if tokens:
        limits.charge(tokens)
    event = encode(
        Event(
            event_id=new_event_id(),
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
            traceparent=tracing.traceparent(),
            network=_network() if api_key_id is not None else "",
        )
    )
    # Outside a transaction Django's on_commit would open a database connection, only to learn
    # that there is nothing to wait for.
    if transaction.get_connection().in_atomic_block:
        transaction.on_commit(partial(_keep, event), robust=True)
    else:
        _keep(event)


def _network() -> str:
    """The network of who makes the request being answered; "" outside one."""
    request = current_request()
    return network_of(client_address(request)) if request is not None else ""


# The name under which the documentation of the service it replaces knows it.
log_activity_background = record


def _keep(event: bytes) -> None:
    """Buffer an event for the worker, or write it here and now."""
    if settings.DEFER_ACTIVITY:
        try:
            if buffer.push(event):
                return
            logger.warning("The activity buffer is full: writing at once")
        except RedisError as error:
            buffer.count_later("redis_down")
            logger.warning("The activity buffer does not answer: writing at once: %s", error)
    try:
        write_batch([event])
    except Error:
        buffer.count_later("lost")
        logger.exception("An activity event is lost: neither Redis nor the database took it")
