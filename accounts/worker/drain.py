"""Draining activity from the buffer in Redis to the activity log, in batches."""

import time

from accounts.activity import buffer
from accounts.activity.batches import write_batch
from accounts.background import TimedRun
from accounts.notifications.activity_checks import notify_after_activity

# A drain ends soon and another one continues: a worker that ends or restarts waits for its
# processes to finish their tasks.
_DRAIN_SECONDS = 2
# After a batch that was not full, wait for more events, so that a burst of single events takes few
# statements.
_LINGER_SECONDS = 0.1


def drain() -> int:
    """Write all waiting events in batches. Returns how many were new to the log.

    Raises the errors of the database and Redis; the batch is then back in the buffer.
    """
    run = TimedRun("accounts.worker.drain.drain", _DRAIN_SECONDS)
    written = 0
    while run.left_seconds > 0:
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
    run.continue_later()
    return written


def sweep() -> int:
    """Return the batches of dead workers to the buffer and drain it; runs every minute.

    Returns what `drain` returns.
    """
    buffer.return_expired_batches()
    return drain()
