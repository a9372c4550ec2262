"""Work outside the request: `tasks` hands it to workers, `failed_rows` records where it failed."""

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
