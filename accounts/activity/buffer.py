"""The Redis list in which activity events wait for a worker, and the batches leased from it.

A leased batch stays in Redis until the worker reports that it is written. At any moment an event
is therefore in the buffer, in a leased batch or in the database, and a worker may die at any time
without losing one.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from socket import gethostname
from threading import Lock
from typing import Literal, cast
from uuid import uuid4

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from accounts import background
from accounts.activity.scripts import FIND_EXPIRED, LEASE, PUSH, READ_STATE, RETURN

MAX_BATCH_EVENTS = 1000
LEASE_MS = 30_000
# After waking a worker, how long to assume that it is running.
WAKE_MS = 5_000

_DRAIN = "accounts.worker.drain.drain"

# The hash tag puts all keys on one node of a Redis Cluster.
_PREFIX = f"{settings.REDIS_KEY_PREFIX}:{{activity}}"
_BUFFER = f"{_PREFIX}:buffer"
_WAKE = f"{_PREFIX}:wake"
_LEASES = f"{_PREFIX}:leases"
_COUNTERS = f"{_PREFIX}:counters"
_BATCH = f"{_PREFIX}:batch:"

# Counts that this process could not add in Redis because Redis was down. They are sent with the
# next event, or lost with the process.
_uncounted: Counter[str] = Counter()
_uncounted_lock = Lock()


def push(events: Sequence[bytes]) -> int:
    """Append events and wake a worker at most once per burst, in one round trip.

    Returns how many events were accepted, counted from the first. Events beyond
    ACTIVITY_BUFFER_LIMIT are not accepted and are counted as `buffer_full`.

    Raises redis.exceptions.RedisError; the events may have been appended nevertheless.
    """
    queue, wake_up_call = background.sealed_call(_DRAIN)
    uncounted = take_uncounted()
    try:
        taken: int = PUSH(
            [_BUFFER, _WAKE, _COUNTERS, queue],
            [
                uncounted["redis_down"],
                uncounted["lost"],
                settings.ACTIVITY_BUFFER_LIMIT,
                wake_up_call,
                WAKE_MS,
                *events,
            ],
        )
    except RedisError:
        _put_back(uncounted)
        raise
    return taken


def count_later(name: Literal["redis_down", "lost"], events: int) -> None:
    """Count events that Redis did not accept; the count is sent with the next successful push.

    `redis_down` events were written by the request itself, `lost` events could not be written.
    """
    _put_back(Counter({name: events}))


def take_uncounted() -> Counter[str]:
    """Return the counts that wait to be sent to Redis, and reset them."""
    if not _uncounted:
        return Counter()
    with _uncounted_lock:
        taken = _uncounted.copy()
        _uncounted.clear()
    return taken


def _put_back(counted: Counter[str]) -> None:
    with _uncounted_lock:
        _uncounted.update(counted)


def lease_batch() -> tuple[str, list[bytes]]:
    """Lease the oldest events, at most MAX_BATCH_EVENTS, for LEASE_MS.

    Returns the batch id, for `finish` or `return_batch`, and the events. When no events are left,
    the list is empty, and the next event that is pushed wakes a worker.

    Raises redis.exceptions.RedisError.
    """
    # Names the process, which helps when a batch stays behind.
    batch_id = f"{gethostname()}:{os.getpid()}:{uuid4().hex}"
    events = LEASE(
        [_BUFFER, _WAKE, _LEASES, _BATCH + batch_id],
        [MAX_BATCH_EVENTS, LEASE_MS, batch_id, WAKE_MS],
    )
    return batch_id, cast("list[bytes]", events)


def finish(batch_id: str, written: int) -> None:
    """Delete a batch whose events are in the database, `written` of them new.

    Raises redis.exceptions.RedisError.
    """
    with get_redis_connection("default").pipeline() as pipeline:
        pipeline.delete(_BATCH + batch_id)
        pipeline.zrem(_LEASES, batch_id)
        pipeline.hincrby(_COUNTERS, "batches", 1)
        pipeline.hincrby(_COUNTERS, "written", written)
        pipeline.execute()


def return_batch(
    batch_id: str, reason: Literal["failed_batches", "abandoned_batches"] = "failed_batches"
) -> int:
    """Put a batch back at the front of the buffer and count the reason.

    Returns the number of events.

    Raises redis.exceptions.RedisError; then the batch returns when its lease expires.
    """
    keys = [_BUFFER, _LEASES, _BATCH + batch_id, _COUNTERS]
    return cast("int", RETURN(keys, [batch_id, reason]))


def return_expired_batches() -> int:
    """Put back every batch whose lease has expired. Returns the number of events.

    Raises redis.exceptions.RedisError.
    """
    expired = cast("list[bytes]", FIND_EXPIRED([_LEASES], []))
    return sum(return_batch(batch_id.decode(), "abandoned_batches") for batch_id in expired)


@dataclass(frozen=True)
class BufferState:
    """The fill level and counters of the buffer.

    `depth` is the number of waiting events, leased batches included. `oldest` holds the first
    event of the buffer and of each batch. `counters` are by name, since Redis was set up.
    """

    depth: int
    oldest: list[bytes]
    counters: dict[str, int]


def state() -> BufferState:
    """Return the state of the buffer, in one round trip. Raises redis.exceptions.RedisError."""
    depth, oldest, flat = READ_STATE([_BUFFER, _LEASES, _COUNTERS], [_BATCH])
    names, counts = flat[::2], flat[1::2]
    counters = {name.decode(): int(count) for name, count in zip(names, counts, strict=True)}
    return BufferState(depth, oldest, counters)


def waiting() -> int:
    """Return how many events wait in the buffer, not counting leased batches.

    Raises redis.exceptions.RedisError.
    """
    return cast("int", get_redis_connection("default").llen(_BUFFER))
