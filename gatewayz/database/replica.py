"""Reads from a replica of the database, but never state older than the user's last write.

A view method marked `@reads_replica` reads from the replica of DATABASE_REPLICA_URL. Without a
replica, the decorator does nothing and costs nothing. Everything else, including the look-up of
keys, goes to the primary.

After a write, a user reads from the primary until the replica has caught up. Each request that may
have changed something sets a mark for its user in Redis, which costs no SQL. The first process
that finds the mark asks the primary for its position in the log (WAL), which is past that write,
and stores the position in the mark. From then on, the replica serves the user once it has replayed
the log to that position.
"""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from gatewayz.redis.scripts import Script
from gatewayz.request import deadline
from gatewayz.request.context import current_user_id

logger = logging.getLogger(__name__)

PRIMARY = "default"
REPLICA = "replica"

# A replica that lags by more than this may not show a user's own writes.
MARK_SECONDS = 3_600
# How long a replica that has failed is not asked.
DOWN_SECONDS = 1.0

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PENDING = b"?"

# Replaces only the mark that was found: a later write sets another one.
_RESOLVE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') end
""")

_routes_to_replica: ContextVar[bool] = ContextVar("routes_to_replica", default=False)
_only_reads: ContextVar[bool] = ContextVar("only_reads", default=False)


class _Replica:
    """The state of the replica, as this process knows it."""

    down_until = 0.0  # monotonic seconds
    replayed_bytes = 0  # the replica has replayed at least this much of the log


def reads_replica(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a view method that changes nothing, so that it reads from the replica.

    Must be the innermost decorator: what other decorators read and write belongs on the primary.
    When the replica fails, because it is down, lacks a migration or cancels a statement, the
    method runs again on the primary.
    """
    if REPLICA not in settings.DATABASES:
        return method

    @wraps(method)
    def answer(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        _only_reads.set(True)
        if _serves(request.user.user_id):
            token = _routes_to_replica.set(True)
            try:
                return method(view, request, *args, **kwargs)
            except Error as error:
                _avoid_replica(error)
            finally:
                _routes_to_replica.reset(token)
        return method(view, request, *args, **kwargs)

    return answer


class ReplicaRouter:
    """Sends the reads of a method marked `@reads_replica` to the replica."""

    def db_for_read(self, model: object, **hints: Any) -> str:
        return REPLICA if _routes_to_replica.get() else PRIMARY

    def db_for_write(self, model: object, **hints: Any) -> str:
        return PRIMARY

    def allow_relation(self, one: object, other: object, **hints: Any) -> bool:
        # Both databases have the same rows.
        return True

    def allow_migrate(self, database: str, app_label: str, **hints: Any) -> bool:
        return database == PRIMARY


class MarkWritesMiddleware:
    """Marks the user of each request that may have changed something, before it answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _only_reads.set(False)
        response = self.get_response(request)
        user_id = current_user_id()
        if user_id is not None and request.method not in _SAFE_METHODS and not _only_reads.get():
            mark_write(user_id)
        return response


def mark_write(user_id: int) -> None:
    """Make `user_id` read from the primary until the replica has everything committed by now.

    When Redis does not answer, logs that the replica may show old state.
    """
    mark = _PENDING + uuid4().hex.encode()
    try:
        with deadline.extended():
            get_redis_connection("default").set(_mark_name(user_id), mark, ex=MARK_SECONDS)
    except RedisError as error:
        logger.warning(
            "Could not mark a write, so the replica may show older state for a while: %s", error
        )


def _serves(user_id: int) -> bool:
    """Whether the replica is up and has everything that `user_id` has written."""
    if time.monotonic() < _Replica.down_until:
        return False
    try:
        mark = get_redis_connection("default").get(_mark_name(user_id))
        if mark is None:
            return True
        if mark.startswith(_PENDING):
            # This runs after the commit, so the position is past it. The insert position, because
            # a commit need not be flushed yet.
            end_bytes = _log_bytes(PRIMARY, "pg_current_wal_insert_lsn()")
            _RESOLVE([_mark_name(user_id)], [mark, end_bytes])
        else:
            end_bytes = int(mark)
    except RedisError as error:
        logger.warning("Cannot tell whether the replica is up to date: %s", error)
        return False
    return _has_replayed(end_bytes)


def _has_replayed(end_bytes: int) -> bool:
    if _Replica.replayed_bytes < end_bytes:
        try:
            _Replica.replayed_bytes = _log_bytes(REPLICA, "pg_last_wal_replay_lsn()")
        except Error as error:
            _avoid_replica(error)
            return False
    return _Replica.replayed_bytes >= end_bytes


def _log_bytes(alias: str, position: str) -> int:
    """Return a position in a server's log; 0 if a primary is asked for a replay position."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(pg_wal_lsn_diff({position}, '0/0'), 0)")
        (end_bytes,) = cursor.fetchone()
    return int(end_bytes)


def _avoid_replica(error: Error) -> None:
    logger.warning("The replica does not answer, reading from the primary: %s", error)
    _Replica.down_until = time.monotonic() + DOWN_SECONDS
    # When it answers again, it may be another server.
    _Replica.replayed_bytes = 0


def _mark_name(user_id: int) -> str:
    return f"{settings.REDIS_KEY_PREFIX}:wrote:{user_id}"
