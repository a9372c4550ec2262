"""Probes: whether the process is up, and whether it can do its work."""

import logging
from http import HTTPStatus

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, JsonResponse
from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def healthz(request: HttpRequest) -> JsonResponse:
    """The process is up. No I/O, so a slow database does not get it restarted."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Database and Redis answer: 200; else 503, naming what does not."""
    parts = {"database": _database_answers(), "redis": _redis_answers()}
    ready = all(parts.values())
    return JsonResponse(
        {
            "status": "ok" if ready else "unavailable",
            "parts": {part: "ok" if answers else "failing" for part, answers in parts.items()},
        },
        status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError) as exc:
        logger.warning("The database does not answer: %s", exc)
        return False
    return True


def _redis_answers() -> bool:
    try:
        get_redis_connection("default").ping()
    except RedisError as exc:
        logger.warning("Redis does not answer: %s", exc)
        return False
    return True
