"""Work outside the request: `tasks` queues it, `failed_rows` records rows for which it failed."""

from accounts.background.tasks import (
    accept_fallback_keys,
    broker,
    enqueue,
    enqueue_later,
    run_traced,
    sealed_call,
    waiting,
)

__all__ = [
    "accept_fallback_keys",
    "broker",
    "enqueue",
    "enqueue_later",
    "run_traced",
    "sealed_call",
    "waiting",
]
