"""Recording the rows for which a worker's work failed while it succeeded for the others."""

import logging

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_COUNTERS = f"{settings.REDIS_KEY_PREFIX}:bad_rows"


def record(work: str, row: str, error: Exception) -> None:
    """Log that `work` failed for `row`, and count it for the metric.

    `work` is one of a few fixed names, `row` describes the row, such as `user 7`. While Redis is
    down, the failure is only logged.
    """
    logger.error("%s failed for %s", work, row, exc_info=error)
    try:
        get_redis_connection("default").hincrby(_COUNTERS, work, 1)
    except RedisError as redis_error:
        logger.warning("Redis did not answer: a failed row is not counted: %s", redis_error)


def counts() -> dict[str, int]:
    """Return how often each kind of work has failed for a row, since Redis was set up.

    Raises redis.exceptions.RedisError.
    """
    counted = get_redis_connection("default").hgetall(_COUNTERS)
    return {work.decode(): int(count) for work, count in counted.items()}
