"""The fifteen documented indexes, their state in the database, and their repair."""

import logging
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Index

logger = logging.getLogger(__name__)

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


def repair_indexes() -> list[str]:
    """Build the documented indexes that are missing or invalid, without blocking writes.

    Must not run in a transaction. Returns their names.

    Raises django.db.IntegrityError when rows that a unique index forbids came in meanwhile.
    """
    faulty = [state for state in documented_index_states() if state.status != "ok"]
    for state in faulty:
        statement = _statement(state)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {state.name}")
            cursor.execute(statement)
        logger.warning("Built the index %s, which was %s", state.name, state.status)
    return [state.name for state in faulty]


def _statement(state: IndexState) -> str:
    """The statement that builds a documented index concurrently."""
    model = next(model for model in apps.get_models() if model._meta.db_table == state.table)
    declared = [*model._meta.indexes, *model._meta.constraints]
    index: Any = next(found for found in declared if found.name == state.name)
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        if isinstance(index, Index):
            return str(index.create_sql(model, editor, concurrently=True))
        statement = str(index.create_sql(model, editor))
    return statement.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1)


def repair_after_migrate(
    using: str, plan: list[tuple[Migration, bool]], **signal_arguments: Any
) -> None:
    """Build missing indexes after `migrate` to the newest state; a receiver of `post_migrate`."""
    is_backwards = any(backwards for _, backwards in plan)
    if using != DEFAULT_DB_ALIAS or is_backwards or connection.in_atomic_block:
        return
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        repair_indexes()
