"""An activity event, and writing many of them at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection


class Event(msgspec.Struct, frozen=True, array_like=True):
    """What a user did, as it waits in Redis: a JSON array in the order of the fields.

    Append new fields with a default, so that events already waiting can still be read.
    `timestamp` is aware, `cost` in US dollars, `speed` in tokens per second.
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


# One statement, so that an event is in the table exactly when it has been counted. An event
# that is there already is skipped, and so is one whose user has been erased since.
_WRITE = """
WITH incoming AS (
    SELECT * FROM unnest(
        %s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[],
        %s::bigint[], %s::numeric[], %s::float8[], %s::text[], %s::text[], %s::text[]
    ) AS event (
        event_id, user_id, api_key_id, "timestamp", model, provider,
        tokens, cost, speed, finish_reason, app, metadata
    )
), written AS (
    INSERT INTO activity_log (
        event_id, user_id, api_key_id, "timestamp", model, provider,
        tokens, cost, speed, finish_reason, app, metadata
    )
    SELECT
        event_id, user_id, api_key_id, "timestamp", model, provider,
        tokens, cost, speed, finish_reason, app, metadata::jsonb
    FROM incoming
    WHERE EXISTS (SELECT FROM users WHERE users.id = incoming.user_id)
    ORDER BY "timestamp"
    ON CONFLICT (event_id) DO NOTHING
    RETURNING api_key_id, "timestamp"
), used AS (
    UPDATE api_keys_new AS key
    SET
        requests_used = key.requests_used + recent.requests,
        last_used_at = GREATEST(key.last_used_at, recent.last_used_at)
    FROM (
        SELECT api_key_id, count(*) AS requests, max("timestamp") AS last_used_at
        FROM written
        GROUP BY api_key_id
    ) AS recent
    WHERE key.id = recent.api_key_id
)
SELECT count(*) FROM written
"""


def write_events(events: Sequence[Event]) -> int:
    """Write `events` to the activity log and count them for their keys, in one statement.

    Returns how many were new. Writing an event again does nothing, so a batch may be retried.

    Raises django.db.Error when the database does not take them; then none is written.
    """
    columns = [[getattr(event, name) for event in events] for name in Event.__struct_fields__[:-1]]
    metadata = [msgspec.json.encode(event.metadata).decode() for event in events]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [*columns, metadata])
        (written,) = cursor.fetchone()
    return int(written)
