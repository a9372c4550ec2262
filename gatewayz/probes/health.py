"""Probes: whether the process is up, and whether it can do its work."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import resolve
from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class ProbeMiddleware:
    """Answers probes, and Prometheus, before the host is checked.

    They come by the address of the process or the container, which ALLOWED_HOSTS cannot name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in PROBES:
            return self.get_response(request)
        request.resolver_match = resolve(request.path_info)
        view, arguments, options = request.resolver_match
        answer: HttpResponse = view(request, *arguments, **options)
        return answer


def healthz(request: HttpRequest) -> JsonResponse:
    """The process is up. No I/O, so a slow database does not get it restarted."""
    return JsonResponse({"status": "ok"})


class Backlog(Protocol):
    """Work that waits for the workers: how much, and how long already."""

    @property
    def depth(self) -> int: ...
    @property
    def oldest_seconds(self) -> float | None: ...
    @property
    def is_degraded(self) -> bool: ...


def readyz(request: HttpRequest, activity: Callable[[], Backlog]) -> JsonResponse:
    """Database and Redis answer: 200; else 503, naming what does not.

    A backlog of activity is `degraded`, and still 200: requests are answered well, and taking
    their processes out of service would not make the workers any faster.
    """
    parts = {
        "database": "ok" if _database_answers() else "failing",
        "redis": "ok" if _redis_answers() else "failing",
    }
    if "failing" in parts.values():
        body = {"status": "unavailable", "parts": {**parts, "activity": "unknown"}}
        return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE)
    try:
        backlog = activity()
    except (OperationalError, InterfaceError, RedisError) as exc:
        logger.warning("The backlog of activity cannot be read: %s", exc)
        body = {"status": "unavailable", "parts": {**parts, "activity": "failing"}}
        return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE)
    status = "degraded" if backlog.is_degraded else "ok"
    return JsonResponse(
        {
            "status": status,
            "parts": {**parts, "activity": status},
            "activity": {"depth": backlog.depth, "oldest_seconds": backlog.oldest_seconds},
        }
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
