"""Where activity events wait for the worker: a list in Redis, and the batches taken from it.

A batch that a worker takes stays in Redis, under a lease, until it says that the batch is
written. So an event is in the buffer, in a leased batch, or in the database, and a worker may
die at any time.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

from django.conf import settings
from django_redis import get_redis_connection

MAX_BATCH_EVENTS = 1000
LEASE_MS = 30_000
# How long a wake-up call is trusted to have reached a worker that is alive.
WAKE_MS = 5_000

# The hash tag keeps the keys together in a Redis Cluster.
_PREFIX = f"{settings.REDIS_KEY_PREFIX}:{{activity}}"
_BUFFER = f"{_PREFIX}:buffer"
_WAKE = f"{_PREFIX}:wake"
_LEASES = f"{_PREFIX}:leases"

_PUSH = """
redis.call('RPUSH', KEYS[1], ARGV[1])
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then return 1 end
return 0
"""

_TAKE = """
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
"""

# From the newest event to the oldest, so that they stand in their old order before the rest.
_GIVE_BACK = """
local events = redis.call('LRANGE', KEYS[3], 0, -1)
for i = #events, 1, -1 do redis.call('LPUSH', KEYS[1], events[i]) end
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[2], ARGV[1])
return #events
"""

_EXPIRED = """
local now = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000))
"""


def push(event: bytes) -> bool:
    """Append an event, in one round trip.

    Returns whether a worker has to be woken: once for a burst of events.

    Raises redis.exceptions.RedisError.
    """
    return bool(_run(_PUSH, [_BUFFER, _WAKE], [event, WAKE_MS]))


def take() -> tuple[str, list[bytes]]:
    """Lease the oldest events, at most MAX_BATCH_EVENTS, for LEASE_MS.

    Returns the batch's id, for `finish` or `give_back`, and its events; none left is an empty
    list, and then the next event wakes a worker again.

    Raises redis.exceptions.RedisError.
    """
    batch_id = uuid4().hex
    events = _run(
        _TAKE,
        [_BUFFER, _WAKE, _LEASES, _batch_key(batch_id)],
        [MAX_BATCH_EVENTS, LEASE_MS, batch_id, WAKE_MS],
    )
    return batch_id, cast("list[bytes]", events)


def finish(batch_id: str) -> None:
    """Forget a batch: its events are in the database."""
    with get_redis_connection("default").pipeline() as pipeline:
        pipeline.delete(_batch_key(batch_id)).zrem(_LEASES, batch_id).execute()


def give_back(batch_id: str) -> int:
    """Put a batch back in front of the buffer. Returns its number of events."""
    return cast("int", _run(_GIVE_BACK, [_BUFFER, _LEASES, _batch_key(batch_id)], [batch_id]))


def give_back_expired() -> int:
    """Put back every batch whose worker let the lease end. Returns the number of events."""
    expired = cast("list[bytes]", _run(_EXPIRED, [_LEASES], []))
    return sum(give_back(batch_id.decode()) for batch_id in expired)


def waiting() -> int:
    """How many events wait in the buffer, those in leased batches not counted."""
    return cast("int", get_redis_connection("default").llen(_BUFFER))


def _batch_key(batch_id: str) -> str:
    return f"{_PREFIX}:batch:{batch_id}"


def _run(script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    client = get_redis_connection("default")
    return client.register_script(script)(keys, arguments)
