"""Work for later: the one seam to django-q2."""

from functools import cache

from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task
from django_redis import get_redis_connection


def enqueue(function: str, *arguments: int | str) -> None:
    """Have a worker call `function`, a dotted path, soon.

    Arguments are ids and plain values, never models and never secrets: they wait in Redis.

    Raises redis.exceptions.RedisError when the queue does not take it.
    """
    async_task(function, *arguments, broker=_broker(), save=False)


@cache
def sealed_call(function: str) -> tuple[str, str]:
    """What `enqueue(function)` would do, for a script that does it inside Redis.

    Returns the key of a Redis list, and what to append to it, which may be done any number of
    times.
    """
    envelope = _Envelope()
    async_task(function, broker=envelope, save=False)
    return envelope.list_key, envelope.task


class _Envelope:
    """A broker that keeps the task instead of sending it."""

    def __init__(self) -> None:
        self.list_key: str = _broker().list_key
        self.task = ""

    def enqueue(self, task: str) -> None:
        self.task = task


@cache
def _broker() -> Broker:
    # django-q2 would otherwise make a new Redis client for every task; and its own waits longer
    # for an answer than a request may.
    broker = get_broker()
    broker.connection = get_redis_connection("default")
    return broker
