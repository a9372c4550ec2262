"""Writing a batch of waiting events, of which some may be beyond help."""

from collections.abc import Sequence

from accounts.activity import dead_letters
from accounts.activity.events import DECODE_ERRORS, Event, decode, write_events
from gatewayz.database.bad_rows import skipping_bad_rows
from gatewayz.telemetry import tracing


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
        except DECODE_ERRORS as error:
            dead_letters.set_aside(encoded, error)
    if not readable:
        return 0, []
    with tracing.continued("write activity", (event.traceparent for _, event in readable)):
        new = skipping_bad_rows(
            readable,
            lambda part: write_events([event for _, event in part]),
            lambda bad, error: dead_letters.set_aside(bad[0], error),
        )
    return new, [event for _, event in readable]
