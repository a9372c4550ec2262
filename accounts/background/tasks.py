"""Work for later, by django-q2."""

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
    """Have a worker call `function`, a dotted path, soon.

    Arguments are ids and plain values, never models and never secrets: they wait in Redis.

    Raises redis.exceptions.RedisError when the queue does not take it.
    """
    if origin := tracing.traceparent():
        function, arguments = "accounts.background.run_traced", (origin, function, *arguments)
    async_task(function, *arguments, broker=broker(), save=False)


def enqueue_later(seconds: float, function: str, *arguments: int | str) -> None:
    """Have a worker call `function` in `seconds`, give or take half a minute. For workers only.

    Until then it waits in the table of schedules, which a web process may not write to.

    Raises django.db.Error.
    """
    next_run = timezone.now() + timedelta(seconds=seconds)
    schedule(function, *arguments, schedule_type=Schedule.ONCE, next_run=next_run)


def run_traced(origin: str, function: str, *arguments: int | str) -> Any:
    """Call `function`, a dotted path, in the trace of `origin`, the traceparent of who asked."""
    with tracing.continued(function, [origin]):
        return import_string(function)(*arguments)


def waiting() -> int:
    """How many tasks wait for a worker. Raises redis.exceptions.RedisError."""
    depth: int = broker().queue_size()
    return depth


def accept_fallback_keys() -> None:
    """Have this process take tasks that were signed before SECRET_KEY was rotated.

    django-q2 has a check of signatures of its own, which knows the newest key only and throws
    such tasks away. Django's own, on the same format, tries SECRET_KEY_FALLBACKS too. Tasks are
    pickled, but nothing is unpickled whose signature does not hold.
    """
    core_signing.Signer.unsign = _unsign


def _unsign(signer: Signer, signed: bytes | str) -> str:
    """What was signed. Raises BadSignature; anything else would end django-q2's process."""
    try:
        text = force_str(signed)
    except UnicodeDecodeError as error:
        raise BadSignature("This is not even text") from error
    return Signer.unsign(signer, text)


@cache
def sealed_call(function: str) -> tuple[str, str]:
    """What `enqueue(function)` would do, for a script that does it inside Redis.

    Returns the key of a Redis list, and what to append to it, which may be done any number of
    times, for as long as the process lives: its SECRET_KEY does not change either.
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
