"""The activity event, and writing many of them in one statement."""

import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from accounts.models import User
from accounts.principals.cached_keys import forget_on_commit


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One activity of a user, as it waits in Redis: a JSON array in the order of the fields.

    Append new fields with a default, so that events already waiting can still be decoded.
    `timestamp` is timezone-aware, `cost` in US dollars, `speed` in tokens per second;
    `traceparent` is that of the request, see `gatewayz.telemetry.tracing`.
    """

    event_id: UUID
    user_id: int
    api_key_id: int | None
    timestamp: datetime
    model: str
    provider: str
    tokens: int
    cost: float
    speed: float
    finish_reason: str
    app: str
    metadata: dict[str, Any]
    traceparent: str = ""
    # Network (CIDR) from which the key was used. Only the worker reads it; the log does not store
    # it.
    network: str = ""
    # Bytes that the activity stored. Added to the user's storage; the log does not store it.
    stored_bytes: int = 0


# The log stores the fields up to and including `metadata`.
_LOGGED = Event.__struct_fields__.index("metadata") + 1

_decoder = msgspec.json.Decoder(Event)

# Exceptions that `decode` raises for bytes that are not an event.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode(event: Event) -> bytes:
    """Encode an event for the buffer.

    Raises TypeError when its metadata is not JSON, RecursionError when it is nested too deeply.
    """
    return msgspec.json.encode(event)


def decode(encoded: bytes) -> Event:
    """Decode an event that `encode` encoded. Raises one of DECODE_ERRORS."""
    return _decoder.decode(encoded)


def new_event_id() -> UUID:
    """Return a UUID of version 7: random, and increasing with time.

    Consecutive events are neighbours in the unique index on it, so that writing them touches few
    index pages however long the log is.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_bits = secrets.randbits(74)
    return UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | (random_bits >> 62) << 64
        | 0b10 << 62
        | random_bits & (1 << 62) - 1
    )


# Takes one JSON array of arrays, which costs a fraction of one array per column.
#
# It is one statement, so that an event is in the table exactly when it has been counted. Events
# that are already there are skipped, and so are events of users erased meanwhile. Rows that
# several batches update are locked in one order, or two workers could deadlock.
_WRITE = """
WITH incoming AS (
    SELECT
        (event->>0)::uuid AS event_id,
        (event->>1)::bigint AS user_id,
        (event->>2)::bigint AS api_key_id,
        (event->>3)::timestamptz AS "timestamp",
        event->>4 AS model,
        event->>5 AS provider,
        (event->>6)::bigint AS tokens,
        (event->>7)::numeric AS cost,
        (event->>8)::float8 AS speed,
        event->>9 AS finish_reason,
        event->>10 AS app,
        event->11 AS metadata,
        (event->>12)::bigint AS stored_bytes
    FROM jsonb_array_elements(%s::jsonb) AS event
), written AS (
    INSERT INTO activity_log (
        event_id, user_id, api_key_id, "timestamp", model, provider,
        tokens, cost, speed, finish_reason, app, metadata
    )
    SELECT
        event_id, user_id, api_key_id, "timestamp", model, provider,
        tokens, cost, speed, finish_reason, app, metadata
    FROM incoming
    WHERE EXISTS (SELECT FROM users WHERE users.id = incoming.user_id)
    ORDER BY "timestamp"
    ON CONFLICT (event_id, "timestamp") DO NOTHING
    RETURNING
        event_id, user_id, api_key_id, "timestamp", ("timestamp" AT TIME ZONE 'UTC')::date AS day,
        model, provider, tokens, cost
), known_keys AS (
    SELECT id FROM api_keys_new
    WHERE id IN (SELECT api_key_id FROM written)
    ORDER BY id
    FOR NO KEY UPDATE
), keys_used AS (
    UPDATE api_keys_new AS key
    SET
        requests_used = key.requests_used + recent.requests,
        last_used_at = GREATEST(key.last_used_at, recent.last_used_at)
    FROM (
        SELECT known_keys.id, count(*) AS requests, max("timestamp") AS last_used_at
        FROM written JOIN known_keys ON known_keys.id = written.api_key_id
        GROUP BY known_keys.id
    ) AS recent
    WHERE key.id = recent.id
), keys_counted AS (
    INSERT INTO api_key_usage_daily AS usage (api_key_id, day, requests, tokens, spend)
    SELECT known_keys.id, day, count(*), sum(tokens), sum(cost)
    FROM written JOIN known_keys ON known_keys.id = written.api_key_id
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT (api_key_id, day) DO UPDATE SET
        requests = usage.requests + EXCLUDED.requests,
        tokens = usage.tokens + EXCLUDED.tokens,
        spend = usage.spend + EXCLUDED.spend
), users_counted AS (
    INSERT INTO activity_daily AS usage (
        user_id, day, model, provider, requests, tokens, spend, logged
    )
    SELECT user_id, day, model, provider, count(*), sum(tokens), sum(cost), count(*)
    FROM written
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (user_id, day, model, provider) DO UPDATE SET
        requests = usage.requests + EXCLUDED.requests,
        tokens = usage.tokens + EXCLUDED.tokens,
        spend = usage.spend + EXCLUDED.spend,
        logged = usage.logged + EXCLUDED.logged
), stored AS (
    SELECT user_id, sum(stored_bytes)::bigint AS added
    FROM written JOIN (
        SELECT DISTINCT event_id, stored_bytes FROM incoming WHERE stored_bytes > 0
    ) AS storing USING (event_id)
    GROUP BY user_id
), storage_counted AS (
    INSERT INTO user_storage AS storage (user_id, bytes)
    SELECT user_id, added FROM stored ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET bytes = storage.bytes + EXCLUDED.bytes
    RETURNING user_id, bytes
)
SELECT (SELECT count(*) FROM written), ARRAY(
    SELECT user_id
    FROM storage_counted JOIN stored USING (user_id)
    JOIN users ON users.id = user_id JOIN plans ON plans.id = users.plan_id
    WHERE bytes >= max_storage_bytes AND bytes - added < max_storage_bytes
)
"""


def write_events(events: Sequence[Event]) -> int:
    """Write `events` to the activity log and add them to the totals per key and day, in one
    statement.

    When a user's storage becomes used up by this, the user's keys are dropped from the key cache,
    so that the next request reloads them.

    Returns how many events were new. Writing an event twice has no effect, so a batch may be
    retried.

    Raises django.db.Error when the database rejects them; then none is written.
    """
    rows = [(*msgspec.structs.astuple(event)[:_LOGGED], event.stored_bytes) for event in events]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [msgspec.json.encode(rows).decode()])
        written, used_up = cursor.fetchone()
    if used_up:
        forget_on_commit(User.objects.filter(pk__in=used_up).key_digests())
    return int(written)
