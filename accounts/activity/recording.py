"""Recording what users do, without making them wait for it, or letting them choose.

What has happened is recorded however late its request is. When it is not known whether it has, the
connection to the database having broken at the wrong moment, it is recorded as an event with
the finish reason OUTCOME_UNKNOWN: a use of the key is counted rather than forgotten.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Required, TypedDict, Unpack

from django.conf import settings
from django.db import Error, transaction
from msgspec.structs import replace
from redis.exceptions import RedisError

from accounts import limits
from accounts.activity import buffer
from accounts.activity.batches import write_batch
from accounts.activity.events import Event, encode, new_event_id
from gatewayz.database.after_commit import after_commit
from gatewayz.request import deadline
from gatewayz.request.client_address import client_address, network_of
from gatewayz.request.context import current_request
from gatewayz.telemetry import tracing

logger = logging.getLogger(__name__)

OUTCOME_UNKNOWN = "outcome_unknown"


class EventFields(TypedDict, total=False):
    """What is known of an event; `cost` is in US dollars, `speed` in tokens per second.

    `metadata` must be JSON.
    """

    user_id: Required[int]
    api_key_id: int | None
    model: str
    provider: str
    tokens: int
    cost: float
    speed: float
    finish_reason: str
    app: str
    metadata: dict[str, Any]
    stored_bytes: int


def new_event(**fields: Unpack[EventFields]) -> Event:
    """An event that happens now, in the request being answered, for `record_events`.

    Its tokens count for the limits of that request, if it succeeds.
    """
    tokens = fields.get("tokens", 0)
    if tokens:
        limits.charge(tokens)
    api_key_id = fields.get("api_key_id")
    return Event(
        event_id=new_event_id(),
        user_id=fields["user_id"],
        api_key_id=api_key_id,
        timestamp=datetime.now(UTC),
        model=fields.get("model", ""),
        provider=fields.get("provider", ""),
        tokens=tokens,
        cost=fields.get("cost", 0.0),
        speed=fields.get("speed", 0.0),
        finish_reason=fields.get("finish_reason", ""),
        app=fields.get("app", ""),
        metadata=fields.get("metadata", {}),
        traceparent=tracing.traceparent(),
        network=_network() if api_key_id is not None else "",
        stored_bytes=fields.get("stored_bytes", 0),
    )


def record(**fields: Unpack[EventFields]) -> None:
    """Record an event that happens now; see `record_events`."""
    record_events([new_event(**fields)])


def record_events(events: Sequence[Event]) -> None:
    """Record events once the surrounding transaction commits; not at all if it rolls back.

    It costs the request one round trip to Redis; a worker writes them to the activity log a
    moment later. When Redis does not take them, or with GATEWAYZ_DEFER_ACTIVITY=off, they are
    written at once.

    Never fails the request, except for metadata that is no JSON (TypeError) or nested without
    end (RecursionError).
    """
    encoded = [encode(event) for event in events]
    # Outside a transaction Django's on_commit would open a database connection, only to learn
    # that there is nothing to wait for.
    if not transaction.get_connection().in_atomic_block:
        record_now(encoded)
    elif (collected := _collected.get()) is not None:
        collected += encoded
    else:
        after_commit(lambda: record_now(encoded), in_doubt=lambda: _record_in_doubt(events))


def _record_in_doubt(events: Sequence[Event]) -> None:
    record_now([encode(replace(event, finish_reason=OUTCOME_UNKNOWN)) for event in events])


_collected: ContextVar[list[bytes] | None] = ContextVar("collected", default=None)


@contextmanager
def collect_events() -> Iterator[list[bytes]]:
    """The events that the block would record, for `record_encoded`; it is part of a transaction.

    Between the commit and the record stands only the process: who keeps them in the same
    transaction can make up for its death.
    """
    collected: list[bytes] = []
    token = _collected.set(collected)
    try:
        yield collected
    finally:
        _collected.reset(token)


def record_encoded(encoded: Sequence[bytes]) -> None:
    """Record events of `collect_events` once the surrounding transaction commits.

    They may have been recorded before: each is in the log once.
    """
    after_commit(lambda: record_now(encoded))


def _network() -> str:
    """The network of who makes the request being answered; "" outside one."""
    request = current_request()
    return network_of(client_address(request)) if request is not None else ""


# The name under which the documentation of the service it replaces knows it.
log_activity_background = record


def record_now(encoded: Sequence[bytes]) -> None:
    """Record events of `collect_events` that may have happened; see `record_encoded`."""
    with deadline.extended():
        _buffer_or_write(encoded)


def _buffer_or_write(events: Sequence[bytes]) -> None:
    """Buffer events for the worker, or write them here and now."""
    if settings.DEFER_ACTIVITY:
        try:
            taken = buffer.push(events)
        except RedisError as error:
            buffer.count_later("redis_down", len(events))
            logger.warning("The activity buffer does not answer: writing at once: %s", error)
        else:
            events = events[taken:]
            if not events:
                return
            logger.warning("The activity buffer is full: writing at once")
    try:
        write_batch(events)
    except Error:
        buffer.count_later("lost", len(events))
        logger.exception("Activity is lost: neither Redis nor the database took it")
