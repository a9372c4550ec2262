"""Probes: whether the process is up, and whether it can do its work."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import Any, Protocol

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import resolve
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from gatewayz.request.deadline import limited, within_deadline

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 1.0

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

    Anybody may ask: a process looks once in REMEMBERED_SECONDS, for all who ask.
    """
    body, status = _readiness.look(activity)
    return JsonResponse(body, status=status)


Answer = tuple[dict[str, Any], HTTPStatus]

_UNKNOWN: Answer = (
    {
        "status": "unavailable",
        "parts": dict.fromkeys(("database", "redis", "activity"), "unknown"),
    },
    HTTPStatus.SERVICE_UNAVAILABLE,
)


class _Readiness:
    """What was seen last."""

    def __init__(self) -> None:
        self._seen: Answer | None = None
        self._seen_at = 0.0
        self._lock = Lock()

    def look(self, activity: Callable[[], Backlog]) -> Answer:
        """What was seen within REMEMBERED_SECONDS, or is seen now, by one at a time."""
        if not self._lock.acquire(timeout=within_deadline(settings.REQUEST_DEADLINE_SECONDS)):
            return _UNKNOWN
        try:
            if self._seen is None or time.monotonic() > self._seen_at + REMEMBERED_SECONDS:
                # Not within the deadline of one who asks, who would decide what others are told.
                with limited(settings.REQUEST_DEADLINE_SECONDS):
                    self._seen = _look_at_parts(activity)
                self._seen_at = time.monotonic()
            return self._seen
        finally:
            self._lock.release()


_readiness = _Readiness()


def _look_at_parts(activity: Callable[[], Backlog]) -> Answer:
    parts = {
        "database": "ok" if _database_answers() else "failing",
        "redis": "ok" if _redis_answers() else "failing",
    }
    if "failing" in parts.values():
        body = {"status": "unavailable", "parts": {**parts, "activity": "unknown"}}
        return body, HTTPStatus.SERVICE_UNAVAILABLE
    try:
        backlog = activity()
    except (OperationalError, InterfaceError, RedisError) as exc:
        logger.warning("The backlog of activity cannot be read: %s", exc)
        body = {"status": "unavailable", "parts": {**parts, "activity": "failing"}}
        return body, HTTPStatus.SERVICE_UNAVAILABLE
    status = "degraded" if backlog.is_degraded else "ok"
    return {
        "status": status,
        "parts": {**parts, "activity": status},
        "activity": {"depth": backlog.depth, "oldest_seconds": backlog.oldest_seconds},
    }, HTTPStatus.OK


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
