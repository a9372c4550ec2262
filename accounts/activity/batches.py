"""Writing a batch of buffered events, some of which may be invalid."""

from collections.abc import Sequence

from accounts.activity import dead_letters
from accounts.activity.events import DECODE_ERRORS, Event, decode, write_events
from gatewayz.database.bad_rows import skipping_bad_rows
from gatewayz.telemetry import tracing


def write_batch(batch: Sequence[bytes]) -> tuple[int, list[Event]]:
    """Write encoded events from the buffer to the activity log.

    An event that cannot be decoded, or that the database rejects, becomes a dead letter; the
    others are written. May be called again with the same events.

    Returns how many events were new to the log, and the events that could be decoded.

    Raises django.db.Error for failures that no event caused, such as an unavailable database. Part
    of the batch may have been written by then.
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
