"""Recounts what users store, and subtracts what was deleted on the servers of a Citus cluster."""

from collections.abc import Iterator

from django.db import connection, transaction

from accounts.models import User
from accounts.plans.storage import SESSION_BYTES
from gatewayz.database.distribution import distributed_tables

# Only where tables are distributed: bytes that were deleted on a user's server and not yet
# subtracted from the user's storage, which is a row of the coordinator.
FREED = "chat_storage_freed"

SETTLE_STORAGE = f"""
WITH freed AS (
    DELETE FROM {FREED} {{where}} RETURNING user_id, bytes
), sums AS (
    SELECT user_id, sum(bytes)::bigint AS bytes FROM freed GROUP BY user_id
)
UPDATE user_storage AS storage SET bytes = GREATEST(0, storage.bytes - sums.bytes)
FROM sums WHERE storage.user_id = sums.user_id
"""  # noqa: S608 - a name of a table

_COUNT = """
INSERT INTO user_storage AS storage (user_id, bytes)
SELECT %(user)s, (
    SELECT %(session_bytes)s * count(*) FROM chat_sessions WHERE user_id = %(user)s
) + COALESCE((
    SELECT sum(chat_message_bytes(
        message.content, message.content_parts, message.reasoning, message.metadata,
        message.extra
    ))
    FROM chat_messages AS message WHERE message.user_id = %(user)s
), 0) + COALESCE((
    SELECT sum(octet_length(chunk.bytes))
    FROM chat_import_chunks AS chunk JOIN chat_imports AS import
        ON import.id = chunk.chat_import_id
    WHERE import.user_id = %(user)s
), 0)
ON CONFLICT (user_id) DO UPDATE SET bytes = EXCLUDED.bytes
"""


def settle_storage() -> None:
    """Subtract deleted bytes from users' storage; without Citus, the deletion itself does so.

    Raises django.db.Error; then the next call does it.
    """
    if FREED not in distributed_tables():
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT user_id FROM {FREED}")  # noqa: S608
        # One by one, because the worker locks several users and could lock them in another order.
        for (user_id,) in cursor.fetchall():
            cursor.execute(SETTLE_STORAGE.format(where="WHERE user_id = %s"), [user_id])


def count_storage() -> Iterator[int]:
    """Recount each user's storage, one statement per user, which reads all of the user's messages.

    Bytes stored meanwhile may be counted twice. Yields the ids of the users.

    Raises django.db.Error; then it may be run again.
    """
    for user_id in list(User.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            if FREED in distributed_tables():
                cursor.execute(f"DELETE FROM {FREED} WHERE user_id = %s", [user_id])  # noqa: S608
            cursor.execute(_COUNT, {"user": user_id, "session_bytes": SESSION_BYTES})
        yield user_id
