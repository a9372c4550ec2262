"""Where activity events wait for the worker: a list in Redis, and the batches taken from it.

A batch that a worker takes stays in Redis, under a lease, until it says that the batch is
written. So an event is in the buffer, in a leased batch, or in the database, and a worker may
die at any time.
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
from gatewayz.redis.scripts import Script

MAX_BATCH_EVENTS = 1000
LEASE_MS = 30_000
# How long a wake-up call is trusted to have reached a worker that is alive.
WAKE_MS = 5_000

_DRAIN = "accounts.worker.drain.drain"

# The hash tag keeps the keys together in a Redis Cluster.
_PREFIX = f"{settings.REDIS_KEY_PREFIX}:{{activity}}"
_BUFFER = f"{_PREFIX}:buffer"
_WAKE = f"{_PREFIX}:wake"
_LEASES = f"{_PREFIX}:leases"
_COUNTERS = f"{_PREFIX}:counters"
_BATCH = f"{_PREFIX}:batch:"


# The length is checked and the worker woken in here, so that events are one round trip.
_push = Script("""
for i, name in ipairs({'redis_down', 'lost'}) do
    if ARGV[i] ~= '0' then redis.call('HINCRBY', KEYS[3], name, ARGV[i]) end
end
local given = #ARGV - 5
local taken = math.max(0, math.min(given, ARGV[3] - redis.call('LLEN', KEYS[1])))
if taken < given then redis.call('HINCRBY', KEYS[3], 'buffer_full', given - taken) end
if taken > 0 then redis.call('RPUSH', KEYS[1], unpack(ARGV, 6, 5 + taken)) end
if taken > 0 and redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[5]) then
    redis.call('RPUSH', KEYS[4], ARGV[4])
end
return taken
""")

_take = Script("""
local events = redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)
if #events == 0 then
    redis.call('DEL', KEYS[2])
    return events
end
redis.call('LTRIM', KEYS[1], #events, -1)
redis.call('RPUSH', KEYS[4], unpack(events))
local now = redis.call('TIME')
redis.call('ZADD', KEYS[3], now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[2], ARGV[3])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[4])
return events
""")

# From the newest event to the oldest, so that they stand in their old order before the rest.
_return = Script("""
local events = redis.call('LRANGE', KEYS[3], 0, -1)
for i = #events, 1, -1 do redis.call('LPUSH', KEYS[1], events[i]) end
redis.call('DEL', KEYS[3])
if redis.call('ZREM', KEYS[2], ARGV[1]) == 1 then redis.call('HINCRBY', KEYS[4], ARGV[2], 1) end
return #events
""")

_expired = Script("""
local now = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000))
""")

_state = Script("""
local depth = redis.call('LLEN', KEYS[1])
local oldest = {redis.call('LINDEX', KEYS[1], 0) or nil}
local batches = redis.call('ZRANGE', KEYS[2], 0, -1)
for _, batch in ipairs(batches) do
    local key = ARGV[1] .. batch
    depth = depth + redis.call('LLEN', key)
    local event = redis.call('LINDEX', key, 0)
    if event then table.insert(oldest, event) end
end
return {depth, oldest, redis.call('HGETALL', KEYS[3])}
""")

# What this process could not count in Redis, because Redis was what failed. It goes with the
# next event, or is lost with the process.
_uncounted: Counter[str] = Counter()
_uncounted_lock = Lock()


def push(events: Sequence[bytes]) -> int:
    """Append events and, once for a burst of them, wake a worker; in one round trip.

    Returns how many were taken, from the first on: those beyond ACTIVITY_BUFFER_LIMIT are counted
    as fallbacks and not taken.

    Raises redis.exceptions.RedisError; the events may have been taken nevertheless.
    """
    queue, wake_up_call = background.sealed_call(_DRAIN)
    uncounted = _take_uncounted()
    try:
        taken: int = _push(
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
    """Count events that Redis did not take; the counter is in Redis with the next that it takes.

    `redis_down` were written in the request, `lost` could not be.
    """
    _put_back(Counter({name: events}))


def _take_uncounted() -> Counter[str]:
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

    Returns the batch's id, for `finish` or `return_batch`, and its events; none left is an empty
    list, and then the next event wakes a worker again.

    Raises redis.exceptions.RedisError.
    """
    # It names the process, for whoever wonders about a batch that stays.
    batch_id = f"{gethostname()}:{os.getpid()}:{uuid4().hex}"
    events = _take(
        [_BUFFER, _WAKE, _LEASES, _BATCH + batch_id],
        [MAX_BATCH_EVENTS, LEASE_MS, batch_id, WAKE_MS],
    )
    return batch_id, cast("list[bytes]", events)


def finish(batch_id: str, written: int) -> None:
    """Forget a batch: its events are in the database, `written` of them new to it.

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
    """Put a batch back in front of the buffer and count why.

    Returns its number of events.

    Raises redis.exceptions.RedisError; the batch is then given back when its lease has ended.
    """
    keys = [_BUFFER, _LEASES, _BATCH + batch_id, _COUNTERS]
    return cast("int", _return(keys, [batch_id, reason]))


def return_expired_batches() -> int:
    """Put back every batch whose worker let the lease end. Returns the number of events.

    Raises redis.exceptions.RedisError.
    """
    expired = cast("list[bytes]", _expired([_LEASES], []))
    return sum(return_batch(batch_id.decode(), "abandoned_batches") for batch_id in expired)


@dataclass(frozen=True)
class BufferState:
    """How full the buffer is: `depth` events wait, including those in leased batches.

    The oldest event is among `oldest`. `counters` are by name, counted since Redis was set up.
    """

    depth: int
    oldest: list[bytes]
    counters: dict[str, int]


def state() -> BufferState:
    """The state of the buffer, in one round trip. Raises redis.exceptions.RedisError."""
    depth, oldest, flat = _state([_BUFFER, _LEASES, _COUNTERS], [_BATCH])
    names, counts = flat[::2], flat[1::2]
    counters = {name.decode(): int(count) for name, count in zip(names, counts, strict=True)}
    return BufferState(depth, oldest, counters)


def waiting() -> int:
    """How many events wait in the buffer, those in leased batches not counted.

    Raises redis.exceptions.RedisError.
    """
    return cast("int", get_redis_connection("default").llen(_BUFFER))
