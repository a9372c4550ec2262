"""What users do: recorded by requests, written by the worker, read by its owner.

`recording` puts an event into the `buffer`; `drain` takes `batches` of `events` from there into
the log, what cannot be written becomes a letter of `dead_letters`. `sums` and `pages` read.
"""

from accounts.activity.recording import log_activity_background, record

__all__ = ["log_activity_background", "record"]
