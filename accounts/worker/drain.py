"""The worker's side of activity: from the buffer in Redis to the activity log, in batches."""

import time

from accounts import background
from accounts.activity import buffer
from accounts.activity.batches import write_batch
from accounts.notifications.activity_checks import notify_after_activity

# A drain ends soon, and lets another one go on: a worker that is to end, or to begin anew, waits
# for what its processes are at.
_DRAIN_SECONDS = 2
# A batch that is not full waits a moment for more events, so that a burst of single events
# is written in few statements.
_LINGER_SECONDS = 0.1


def drain() -> int:
    """Write all events that wait, in batches. Returns how many were new to the log.

    Raises what the database or Redis raised; the batch then waits in the buffer again.
    """
    ends_at = time.monotonic() + _DRAIN_SECONDS
    written = 0
    while time.monotonic() < ends_at:
        batch_id, batch = buffer.lease_batch()
        if not batch:
            return written
        try:
            new, events = write_batch(batch)
            if events:
                notify_after_activity(events)
        except Exception:
            buffer.return_batch(batch_id)
            raise
        buffer.finish(batch_id, new)
        written += new
        if len(batch) < buffer.MAX_BATCH_EVENTS:
            time.sleep(_LINGER_SECONDS)
    background.enqueue("accounts.worker.drain.drain")
    return written


def sweep() -> int:
    """Write what dead workers left behind; runs every minute. Returns what `drain` does."""
    buffer.return_expired_batches()
    return drain()
