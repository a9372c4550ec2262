"""Recounting what users store, for rows that are older than the counter or if it has drifted."""

from collections.abc import Iterator

from django.db import connection, transaction

from accounts.models import User
from accounts.plans.storage import SESSION_BYTES

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


def count_storage() -> Iterator[int]:
    """Recount each user's storage, one statement per user, which reads all of the user's messages.

    Bytes stored meanwhile may be counted twice. Yields the ids of the users.

    Raises django.db.Error; then it may be run again.
    """
    for user_id in list(User.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(_COUNT, {"user": user_id, "session_bytes": SESSION_BYTES})
        yield user_id
