"""Recording activity without making the caller wait for it or letting the caller prevent it.

Activity is recorded however late its request is. When the database connection broke at the COMMIT,
so that nobody knows whether the change was made, the event is recorded with the finish reason
OUTCOME_UNKNOWN: counting a use of the key too many is better than one too few.
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
from accounts.activity.events import Event, decode, encode, new_event_id
from gatewayz.database.after_commit import after_commit
from gatewayz.request import deadline
from gatewayz.request.client_address import client_address, network_of
from gatewayz.request.context import current_request
from gatewayz.telemetry import tracing

logger = logging.getLogger(__name__)

OUTCOME_UNKNOWN = "outcome_unknown"


class EventFields(TypedDict, total=False):
    """The known fields of an event; `cost` is in US dollars, `speed` in tokens per second.

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
    """Return an event for the current time and request, to pass to `record_events`.

    Its tokens count towards the limits of the current request, if that succeeds.
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
    """Record one event that happens now; see `record_events`."""
    record_events([new_event(**fields)])


def record_events(events: Sequence[Event]) -> None:
    """Record events once the surrounding transaction commits; after a rollback, do nothing.

    It costs the request one round trip to Redis; a worker writes the events to the log a moment
    later. When Redis does not accept them, or with GATEWAYZ_DEFER_ACTIVITY=off, this writes them
    to the database immediately.

    Never fails the request, except for metadata that is not JSON (TypeError) or nested too deeply
    (RecursionError).
    """
    encoded = [encode(event) for event in events]
    # Outside a transaction, Django's on_commit would open a database connection only to find that
    # there is nothing to wait for.
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
    """Collect the events that the block would record, for `record_encoded`, inside a transaction.

    A caller that stores the collected events in the same transaction can record them again if the
    process dies between the commit and the recording.
    """
    collected: list[bytes] = []
    token = _collected.set(collected)
    try:
        yield collected
    finally:
        _collected.reset(token)


def record_encoded(encoded: Sequence[bytes], *, is_repeatable: bool) -> None:
    """Record collected events once the surrounding transaction commits.

    They may have been recorded before: the log holds each event once. Within another
    `collect_events`, they become part of what that collects.

    Args:
        encoded: what `collect_events` collected.
        is_repeatable: the caller learns the outcome of an unanswered COMMIT by repeating the
            transaction. Otherwise the events are then recorded as of unknown outcome.
    """
    if (collected := _collected.get()) is not None:
        collected += encoded
    elif is_repeatable:
        after_commit(lambda: record_now(encoded))
    else:
        after_commit(
            lambda: record_now(encoded),
            in_doubt=lambda: _record_in_doubt([decode(event) for event in encoded]),
        )


def _network() -> str:
    """Return the network of the current request's client, or "" outside a request."""
    request = current_request()
    return network_of(client_address(request)) if request is not None else ""


# The name in the old service's documentation. Part of the public interface.
log_activity_background = record


def record_now(encoded: Sequence[bytes]) -> None:
    """Record collected events immediately, whether or not they have been recorded before."""
    with deadline.extended():
        _buffer_or_write(encoded)


def _buffer_or_write(events: Sequence[bytes]) -> None:
    """Push events to the buffer, or write what it does not take to the database."""
    if settings.DEFER_ACTIVITY:
        try:
            taken = buffer.push(events)
        except RedisError as error:
            buffer.count_later("redis_down", len(events))
            logger.warning(
                "Redis did not answer the activity buffer: writing to the database: %s", error
            )
        else:
            events = events[taken:]
            if not events:
                return
            logger.warning("The activity buffer is full: writing to the database")
    try:
        write_batch(events)
    except Error:
        buffer.count_later("lost", len(events))
        logger.exception("Activity is lost: neither Redis nor the database accepted it")
