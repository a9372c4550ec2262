"""The indexes that models declare, their state in the database, and their repair."""

import logging
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Index, Model, UniqueConstraint

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

# The bytes and scans of an index of a partitioned table are those of its partitions. Indexes that
# no model names, such as those of primary keys, are reported only if invalid.
_STATE = """
SELECT wanted."table", wanted.name, index.indisvalid, parts.bytes, parts.scans,
    class.relkind = 'p' AS is_partitioned
FROM unnest(%s::text[], %s::text[]) AS wanted ("table", name)
LEFT JOIN pg_class AS class ON class.oid = to_regclass(quote_ident(wanted."table"))
LEFT JOIN pg_index AS index
    ON index.indrelid = class.oid AND index.indexrelid = to_regclass(quote_ident(wanted.name))
LEFT JOIN LATERAL (
    SELECT sum(pg_relation_size(part))::bigint AS bytes,
        sum(pg_stat_get_numscans(part))::bigint AS scans
    FROM (
        SELECT index.indexrelid AS part
        UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = index.indexrelid
    ) AS part
) AS parts ON TRUE
UNION ALL
SELECT relname, indexrelname, FALSE, pg_relation_size(stat.indexrelid), idx_scan, FALSE
FROM pg_index AS index JOIN pg_stat_user_indexes AS stat USING (indexrelid)
WHERE NOT indisvalid AND schemaname = current_schema() AND indexrelname <> ALL (%s)
"""

_DOCUMENTED = {name for names in DOCUMENTED_INDEXES.values() for name in names}


@dataclass(frozen=True)
class IndexState:
    """An index. `scans` counts its uses since the statistics were last reset."""

    table: str
    name: str
    status: str  # ok, missing, or invalid: left by an interrupted build, and to be dropped
    size_bytes: int | None
    scans: int | None
    is_partitioned: bool

    @property
    def is_documented(self) -> bool:
        """Whether it is one of DOCUMENTED_INDEXES."""
        return self.name in _DOCUMENTED


Declared = Index | UniqueConstraint


def _declared() -> dict[str, tuple[type[Model], Declared]]:
    """The named indexes and unique constraints of all models, the documented ones first."""
    found = {
        declared.name: (model, declared)
        for model in apps.get_models()
        for declared in [*model._meta.indexes, *model._meta.constraints]
        if isinstance(declared, Index | UniqueConstraint)
    }
    documented = {name: found[name] for names in DOCUMENTED_INDEXES.values() for name in names}
    return documented | found


def index_states() -> list[IndexState]:
    """Return the state of each declared index and of other invalid ones, in one statement."""
    declared = _declared()
    names, tables = [*declared], [model._meta.db_table for model, _ in declared.values()]
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [tables, names, names])
        rows = cursor.fetchall()
    places = {name: place for place, name in enumerate(names)}
    statuses = {True: "ok", False: "invalid", None: "missing"}
    states = [
        IndexState(table, name, statuses[is_valid], *others)
        for table, name, is_valid, *others in rows
    ]
    return sorted(states, key=lambda state: places.get(state.name, len(places)))


def repair_indexes() -> list[str]:
    """Build the indexes that are missing or invalid, without blocking writes.

    Only the activity log, which is partitioned and written by the worker, cannot be written to
    meanwhile. Must not run in a transaction. Returns their names.

    Raises django.db.IntegrityError when rows that a unique index forbids were added meanwhile.
    """
    declared = _declared()
    faulty = [state for state in index_states() if state.status != "ok"]
    for state in faulty:
        name = connection.ops.quote_name(state.name)
        statements = [f"REINDEX INDEX CONCURRENTLY {name}"]
        if state.is_partitioned:
            statements = [f"DROP INDEX IF EXISTS {name}", _sql_of(*declared[state.name])]
        elif state.name in declared:
            drop = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
            statements = [drop, *_building(*declared[state.name])]
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        logger.warning("Built the index %s, which was %s", state.name, state.status)
    return [state.name for state in faulty]


def _sql_of(model: type[Model], declared: Declared, **options: Any) -> str:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        return str(declared.create_sql(model, editor, **options))


def _building(model: type[Model], declared: Declared) -> list[str]:
    """The statements that build a declared index concurrently."""
    if isinstance(declared, Index):
        return [_sql_of(model, declared, concurrently=True)]
    statement = _sql_of(model, declared)
    if statement.startswith("CREATE"):
        return [statement.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1)]
    # A constraint of columns alone: its index first, which the constraint then takes.
    constraint, _, columns = statement.partition(" UNIQUE ")
    name, table = map(connection.ops.quote_name, (declared.name, model._meta.db_table))
    return [
        f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}",
        f"{constraint} UNIQUE USING INDEX {name}",
    ]


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
