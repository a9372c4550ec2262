"""What users do: recorded by requests, written by the worker, read by its owner.

`recording` puts an event into the `buffer`; `drain` takes `batches` of `events` from there into
the log, what cannot be written becomes a letter of `dead_letters`. `sums` and `pages` read.
"""

from accounts.activity.events import Event
from accounts.activity.recording import (
    OUTCOME_UNKNOWN,
    collect_events,
    log_activity_background,
    new_event,
    record,
    record_encoded,
    record_events,
    record_now,
)

__all__ = [
    "OUTCOME_UNKNOWN",
    "Event",
    "collect_events",
    "log_activity_background",
    "new_event",
    "record",
    "record_encoded",
    "record_events",
    "record_now",
]
