"""Work outside the request.

`tasks` queues it for workers, `timed_run` splits long work into several tasks, and `failed_rows`
records the rows for which work failed.
"""

from accounts.background.tasks import (
    accept_fallback_keys,
    broker,
    enqueue,
    enqueue_later,
    run_traced,
    sealed_call,
    waiting,
)
from accounts.background.timed_run import TimedRun

__all__ = [
    "TimedRun",
    "accept_fallback_keys",
    "broker",
    "enqueue",
    "enqueue_later",
    "run_traced",
    "sealed_call",
    "waiting",
]
