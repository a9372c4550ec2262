"""Queueing tasks for django-q2 workers."""

from datetime import timedelta
from functools import cache
from typing import Any

from django.core.signing import BadSignature, Signer
from django.utils import timezone
from django.utils.encoding import force_str
from django.utils.module_loading import import_string
from django_q import core_signing
from django_q.brokers import Broker, get_broker
from django_q.models import Schedule
from django_q.tasks import async_task, schedule
from django_redis import get_redis_connection

from gatewayz.telemetry import tracing


def enqueue(function: str, *arguments: int | str) -> None:
    """Queue a call of `function`, a dotted path, for a worker.

    Arguments are ids and plain values, never models and never secrets: they wait in Redis.

    Raises redis.exceptions.RedisError when the queue does not accept it.
    """
    if origin := tracing.traceparent():
        function, arguments = "accounts.background.run_traced", (origin, function, *arguments)
    async_task(function, *arguments, broker=broker(), save=False)


def enqueue_later(seconds: float, function: str, *arguments: int | str) -> None:
    """Have a worker call `function` in about `seconds` (to half a minute). For workers only.

    Until then it waits in the table of schedules, which web processes may not write to.

    Raises django.db.Error.
    """
    next_run = timezone.now() + timedelta(seconds=seconds)
    schedule(function, *arguments, schedule_type=Schedule.ONCE, next_run=next_run)


def run_traced(origin: str, function: str, *arguments: int | str) -> Any:
    """Call `function`, a dotted path, within the trace `origin`, the caller's traceparent."""
    with tracing.continued(function, [origin]):
        return import_string(function)(*arguments)


def waiting() -> int:
    """Return how many tasks wait for a worker. Raises redis.exceptions.RedisError."""
    depth: int = broker().queue_size()
    return depth


def accept_fallback_keys() -> None:
    """Make this process accept tasks that were signed before SECRET_KEY was rotated.

    django-q2's own signature check knows only the newest key and discards such tasks. Django's
    check, of the same format, also tries SECRET_KEY_FALLBACKS. Tasks are pickled, but nothing is
    unpickled unless its signature is valid.
    """
    core_signing.Signer.unsign = _unsign


def _unsign(signer: Signer, signed: bytes | str) -> str:
    """Return the signed text. Raises BadSignature, the only error that django-q2 survives."""
    try:
        text = force_str(signed)
    except UnicodeDecodeError as error:
        raise BadSignature("The task is not text") from error
    return Signer.unsign(signer, text)


@cache
def sealed_call(function: str) -> tuple[str, str]:
    """Return what `enqueue(function)` would push, for a script that pushes it inside Redis.

    Returns the key of a Redis list and the item to append. The item can be appended any number of
    times, as long as the process lives, because its SECRET_KEY does not change.
    """
    envelope = _Envelope()
    async_task(function, broker=envelope, save=False)
    return envelope.list_key, envelope.task


class _Envelope:
    """A broker that keeps the task instead of sending it."""

    def __init__(self) -> None:
        self.list_key: str = broker().list_key
        self.task = ""

    def enqueue(self, task: str) -> None:
        self.task = task


@cache
def broker() -> Broker:
    """The queue in Redis, over the Redis client that the rest of the service uses.

    django-q2 would create a Redis client for every task, and that client waits longer for an
    answer than a request may.
    """
    broker = get_broker()
    broker.connection = get_redis_connection("default")
    return broker
