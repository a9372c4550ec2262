"""Activity of users: requests record it, a worker writes it to the log, its owner reads it.

`recording` pushes an event to the `buffer` in Redis. The worker leases `batches` of `events` from
there and writes them to the log; events that cannot be written go to `dead_letters`. `totals` and
`pages` read the log for the API.
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
