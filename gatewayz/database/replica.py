"""Reading from a replica of the database, and never what is older than one's own last write.

A view whose method is marked `@reads_replica` is answered by the replica of DATABASE_REPLICA_URL;
without one, the mark does nothing and costs nothing. Everything else, the look-up of keys too,
goes to the primary.

Who has written reads from the primary until the replica has caught up. After each request that
may have changed something, a mark for its user is set in Redis, which costs no SQL. The first
process that meets the mark asks the primary how far its log (WAL) goes by then, which is past
that write, and puts the answer in the mark's place; whoever meets it later asks the replica
whether it has replayed as much.
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

# A replica that lags for longer than this may show a user less than that user has written.
MARK_SECONDS = 3_600
# How long a replica that has failed is left alone.
DOWN_SECONDS = 1.0

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PENDING = b"?"

# Only the mark that was met: a later write has set another.
_RESOLVE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') end
""")

_routes_to_replica: ContextVar[bool] = ContextVar("routes_to_replica", default=False)
_only_reads: ContextVar[bool] = ContextVar("only_reads", default=False)


class _Replica:
    """What this process knows of the replica."""

    down_until = 0.0  # monotonic seconds
    replayed_bytes = 0  # of the log, at least


def reads_replica(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view's `method`, which changes nothing, be answered by the replica.

    It has to stand nearest to the method: what other decorators write or read is the primary's.
    What the replica cannot answer, because it is down, behind in its schema or cancels a
    statement, the method is asked again on the primary.
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
                _leave_alone(error)
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
        # The same rows, wherever they were read.
        return True

    def allow_migrate(self, database: str, app_label: str, **hints: Any) -> bool:
        return database == PRIMARY


class MarkWritesMiddleware:
    """Marks the user of each request that may have changed something, before it is answered."""

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
    """Have `user_id` read from the primary until the replica has what is committed by now.

    Without Redis nobody can be told; it is logged.
    """
    mark = _PENDING + uuid4().hex.encode()
    try:
        with deadline.extended():
            get_redis_connection("default").set(_mark_name(user_id), mark, ex=MARK_SECONDS)
    except RedisError as error:
        logger.warning("A write is not marked: the replica may show less for a while: %s", error)


def _serves(user_id: int) -> bool:
    """Whether the replica is up, and as far as `user_id` has written."""
    if time.monotonic() < _Replica.down_until:
        return False
    try:
        mark = get_redis_connection("default").get(_mark_name(user_id))
        if mark is None:
            return True
        if mark.startswith(_PENDING):
            # Asked after the commit, and so past it. Not the position of what is flushed: a
            # commit need not wait for that.
            end_bytes = _log_bytes(PRIMARY, "pg_current_wal_insert_lsn()")
            _RESOLVE([_mark_name(user_id)], [mark, end_bytes])
        else:
            end_bytes = int(mark)
    except RedisError as error:
        logger.warning("Whether the replica is up to date cannot be told: %s", error)
        return False
    return _has_replayed(end_bytes)


def _has_replayed(end_bytes: int) -> bool:
    if _Replica.replayed_bytes < end_bytes:
        try:
            _Replica.replayed_bytes = _log_bytes(REPLICA, "pg_last_wal_replay_lsn()")
        except Error as error:
            _leave_alone(error)
            return False
    return _Replica.replayed_bytes >= end_bytes


def _log_bytes(alias: str, position: str) -> int:
    """A position in the log of a server; 0 where a replica's is asked of what is none."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(pg_wal_lsn_diff({position}, '0/0'), 0)")
        (end_bytes,) = cursor.fetchone()
    return int(end_bytes)


def _leave_alone(error: Error) -> None:
    logger.warning("The replica does not answer, the primary does: %s", error)
    _Replica.down_until = time.monotonic() + DOWN_SECONDS
    # When it is back it may be another.
    _Replica.replayed_bytes = 0


def _mark_name(user_id: int) -> str:
    return f"{settings.REDIS_KEY_PREFIX}:wrote:{user_id}"
