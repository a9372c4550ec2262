"""Work for later: the one seam to django-q2."""

from functools import cache

from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task


def enqueue(function: str, *arguments: int | str) -> None:
    """Have a worker call `function`, a dotted path, soon.

    Arguments are ids and plain values, never models and never secrets: they wait in Redis.

    Raises redis.exceptions.RedisError when the queue does not take it.
    """
    async_task(function, *arguments, broker=_broker(), save=False)


@cache
def _broker() -> Broker:
    # django-q2 would otherwise make a new Redis client for every task.
    return get_broker()
