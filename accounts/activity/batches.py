"""Writing a batch of waiting events, of which some may be beyond help."""

from collections.abc import Sequence

from django.db import DataError, Error, IntegrityError

from accounts.activity import dead_letters
from accounts.activity.events import Event, Undecodable, decode, write_events
from gatewayz.telemetry import tracing

# SQLSTATE 54, a limit of the database's: metadata nested too deeply, say. Django takes it for
# an OperationalError, but no later attempt would do better.
_LIMIT_EXCEEDED = "54"


def write_batch(batch: Sequence[bytes]) -> tuple[int, list[Event]]:
    """Write events as they wait in the buffer to the activity log.

    One that cannot be read, or that the database refuses, is set aside as a dead letter, and
    the others are written. Returns how many were new to the log, and the events that could be
    read. May be called again with the same events.

    Raises django.db.Error for what is not the fault of an event, such as a database that does
    not answer. Part of the batch may then have been written.
    """
    readable = []
    for encoded in batch:
        try:
            readable.append((encoded, decode(encoded)))
        except Undecodable as error:
            dead_letters.set_aside(encoded, error)
    if not readable:
        return 0, []
    with tracing.continued("write activity", (event.traceparent for _, event in readable)):
        return _write(readable), [event for _, event in readable]


def _write(batch: Sequence[tuple[bytes, Event]]) -> int:
    """Write the batch, in halves if the database refuses it, down to the event at fault."""
    try:
        return write_events([event for _, event in batch])
    except Error as error:
        if not _is_refusal(error):
            raise
        if len(batch) == 1:
            ((encoded, _),) = batch
            dead_letters.set_aside(encoded, error)
            return 0
    middle = len(batch) // 2
    return _write(batch[:middle]) + _write(batch[middle:])


def _is_refusal(error: Error) -> bool:
    """Whether the database answered that it will never take an event of this statement."""
    if isinstance(error, (DataError, IntegrityError)):
        return True
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    return sqlstate is not None and sqlstate.startswith(_LIMIT_EXCEEDED)
