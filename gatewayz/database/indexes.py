"""The fifteen documented indexes, and their state in the database."""

from dataclasses import dataclass

from django.db import connection

DOCUMENTED_INDEXES = {
    "api_keys_new": (
        "idx_api_keys_new_api_key",
        "idx_api_keys_new_user_id",
        "idx_api_keys_new_active",
        "idx_api_keys_new_primary",
        "idx_api_keys_new_environment",
        "idx_api_keys_new_created_at",
    ),
    "users": (
        "idx_users_id",
        "idx_users_api_key",
        "idx_users_email",
        "idx_users_username",
        "idx_users_privy_id",
        "idx_users_active",
    ),
    "chat_sessions": ("idx_chat_sessions_user_id", "idx_chat_sessions_active"),
    "chat_messages": ("idx_chat_messages_session_id",),
}

_STATE = """
SELECT wanted.name, index.indisvalid, pg_relation_size(stat.indexrelid), stat.idx_scan
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS wanted ("table", name, position)
LEFT JOIN pg_stat_user_indexes AS stat
    ON stat.indexrelname = wanted.name
    AND stat.relname = wanted."table"
    AND stat.schemaname = current_schema()
LEFT JOIN pg_index AS index ON index.indexrelid = stat.indexrelid
ORDER BY wanted.position
"""


@dataclass(frozen=True)
class IndexState:
    """A documented index. `scans` counts its uses since the statistics were last reset."""

    table: str
    name: str
    status: str  # ok, missing, or invalid: left by an interrupted build, and to be dropped
    size_bytes: int | None
    scans: int | None


def documented_index_states() -> list[IndexState]:
    """Return the state of each documented index, read in one statement."""
    wanted = [(table, name) for table, names in DOCUMENTED_INDEXES.items() for name in names]
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [[table for table, _ in wanted], [name for _, name in wanted]])
        rows = cursor.fetchall()
    return [
        IndexState(
            table=table,
            name=name,
            status={True: "ok", False: "invalid", None: "missing"}[is_valid],
            size_bytes=size_bytes,
            scans=scans,
        )
        for (table, _), (name, is_valid, size_bytes, scans) in zip(wanted, rows, strict=True)
    ]
