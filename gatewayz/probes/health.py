"""Probes: /healthz tells whether the process is up, /readyz whether it can do its work."""

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

from gatewayz.request.deadline import DeadlineExceeded, limited, within_deadline

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 1.0

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class ProbeMiddleware:
    """Answers probes and Prometheus before the Host header is checked.

    They use the address of the process or container, which ALLOWED_HOSTS cannot name.
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
    """Answer that the process is up, without I/O: a slow database must not get it restarted."""
    return JsonResponse({"status": "ok"})


class Backlog(Protocol):
    """The size and age of the work that waits for the workers."""

    @property
    def depth(self) -> int: ...
    @property
    def oldest_seconds(self) -> float | None: ...
    @property
    def is_degraded(self) -> bool: ...


def readyz(
    request: HttpRequest,
    activity: Callable[[], Backlog],
    is_search_outdated: Callable[[], bool],
) -> JsonResponse:
    """Answer 200 when database and Redis do; else 503 with the name of the part that does not.

    A large backlog of activity is `degraded`, but still 200: requests are answered well, and
    taking web processes out of service would not make the workers faster. Search is `outdated`
    while chats are indexed by an older version's rules, and `unknown` while not all servers of a
    Citus cluster answer: that is `degraded` too, because users of the others are served.
    Statistics are `missing` while PostgreSQL has none of a table that is not small, as after a
    restore without ANALYZE: its plans are bad.

    Anybody may ask, so a process checks only once in REMEMBERED_SECONDS, for all callers.
    """
    body, status = readiness.answer(activity, is_search_outdated)
    return JsonResponse(body, status=status)


Answer = tuple[dict[str, Any], HTTPStatus]

_UNKNOWN: Answer = (
    {
        "status": "unavailable",
        "parts": dict.fromkeys(("database", "redis", "activity"), "unknown"),
    },
    HTTPStatus.SERVICE_UNAVAILABLE,
)


class Readiness:
    """Remembers the last answer of /readyz."""

    def __init__(self) -> None:
        self._answer: Answer | None = None
        self._checked_at = 0.0
        self._lock = Lock()

    def answer(
        self, activity: Callable[[], Backlog], is_search_outdated: Callable[[], bool]
    ) -> Answer:
        """Return the last answer if it is recent; else check again, one caller at a time."""
        if not self._lock.acquire(timeout=within_deadline(settings.REQUEST_DEADLINE_SECONDS)):
            return _UNKNOWN
        try:
            if self._answer is None or time.monotonic() > self._checked_at + REMEMBERED_SECONDS:
                # With a deadline of its own: that of this caller must not decide the answer of
                # others.
                with limited(settings.REQUEST_DEADLINE_SECONDS):
                    self._answer = check_parts(activity, is_search_outdated)
                self._checked_at = time.monotonic()
            return self._answer
        finally:
            self._lock.release()


readiness = Readiness()


def check_parts(activity: Callable[[], Backlog], is_search_outdated: Callable[[], bool]) -> Answer:
    """Ask each part of the service how it is. Returns the body and the status of /readyz."""
    parts = {
        "database": "ok" if _database_answers() else "failing",
        "redis": "ok" if _redis_answers() else "failing",
    }
    if "failing" in parts.values():
        body = {"status": "unavailable", "parts": {**parts, "activity": "unknown"}}
        return body, HTTPStatus.SERVICE_UNAVAILABLE
    try:
        backlog = activity()
        statistics = "missing" if _statistics_are_missing() else "ok"
    except (OperationalError, InterfaceError, RedisError) as exc:
        logger.warning("Cannot read the backlog of activity: %s", exc)
        body = {"status": "unavailable", "parts": {**parts, "activity": "failing"}}
        return body, HTTPStatus.SERVICE_UNAVAILABLE
    parts |= {
        "activity": "degraded" if backlog.is_degraded else "ok",
        "search": _state_of_search(is_search_outdated),
        "statistics": statistics,
    }
    is_degraded = backlog.is_degraded or parts["search"] == "unknown"
    return {
        "status": "degraded" if is_degraded else "ok",
        "parts": parts,
        "activity": {"depth": backlog.depth, "oldest_seconds": backlog.oldest_seconds},
    }, HTTPStatus.OK


def _state_of_search(is_outdated: Callable[[], bool]) -> str:
    try:
        return "outdated" if is_outdated() else "ok"
    except (OperationalError, InterfaceError, DeadlineExceeded) as exc:
        logger.warning("Not all servers of the database answer: %s", exc)
        return "unknown"


_WITHOUT_STATISTICS = """
SELECT relname FROM pg_class AS class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
    -- ANALYZE notes that a table has no rows (0; -1 is unknown) and writes no statistics then.
    AND reltuples <> 0
    AND pg_relation_size(oid) > %s AND has_table_privilege(oid, 'SELECT')
    AND NOT EXISTS (
        SELECT FROM pg_stats WHERE schemaname = current_schema() AND tablename = relname
    )
"""
# A smaller table may have grown since autovacuum last looked.
_SMALL_BYTES = 10_000_000


def _statistics_are_missing() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_STATISTICS, [_SMALL_BYTES])
        tables = [name for (name,) in cursor.fetchall()]
    if tables:
        logger.warning("PostgreSQL has no statistics of %s: run ANALYZE", ", ".join(tables))
    return bool(tables)


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
