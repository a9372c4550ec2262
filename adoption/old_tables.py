"""Finds the old service's tables, moves them out of the way, and drops them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from adoption.table_plan import SCHEMA, TablePlan

_BOOKKEEPING = f"""
CREATE SCHEMA {SCHEMA};
-- The new plan of each old one, and the tier that had it.
CREATE TABLE {SCHEMA}.adopted_plans (
    old_id bigint PRIMARY KEY,
    new_id bigint NOT NULL,
    tier text
);
CREATE TABLE {SCHEMA}.adoption_progress (
    table_name text PRIMARY KEY,
    last_id bigint,
    found bigint NOT NULL DEFAULT 0,
    adopted bigint NOT NULL DEFAULT 0,
    finished boolean NOT NULL DEFAULT false
);
CREATE TABLE {SCHEMA}.adoption_notes (
    table_name text NOT NULL,
    row_id bigint NOT NULL,
    note text NOT NULL,
    skipped boolean NOT NULL
);
"""

# Roles of Supabase's web API, to which it grants every right on new tables in `public`.
_WEB_API_ROLES = ("anon", "authenticated")

# Old tables without a new one of their name, whose rows become part of other rows.
_MERGED = {"user_plans", "api_key_audit_logs"}

_INTEGERS = {"smallint", "integer", "bigint"}


class UnadoptableDatabaseError(Exception):
    """The database cannot be adopted; the message says why."""


@dataclass(frozen=True)
class OldTable:
    """An old table; `columns` maps column names to PostgreSQL types."""

    name: str
    columns: dict[str, str]
    rows: int


def adoption_began() -> bool:
    """Whether the old tables have been moved."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.adoption_progress"])
        return bool(cursor.fetchone()[0])


def find_old_tables() -> list[OldTable]:
    """Find the old service's tables that are adopted or have the name of one of this service.

    Raises UnadoptableDatabaseError when the database already is this service's own, or holds no
    old tables.
    """
    schema = SCHEMA if adoption_began() else "current"
    names = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    names |= _MERGED
    # A `migrate` that failed at the old tables may have left this one.
    names.add(MigrationRecorder.Migration._meta.db_table)
    with connection.cursor() as cursor:
        if schema == "current":
            cursor.execute("SELECT current_schema()")
            (schema,) = cursor.fetchone()
            if "accounts" in {
                app for app, _ in MigrationRecorder(connection).applied_migrations()
            }:
                raise UnadoptableDatabaseError(
                    "This database already is Gatewayz' own: there is nothing to adopt."
                )
        cursor.execute(
            """
            SELECT table_name, column_name, data_type FROM information_schema.columns
            JOIN information_schema.tables USING (table_schema, table_name)
            WHERE table_schema = %s AND table_name = ANY(%s) AND table_type = 'BASE TABLE'
            ORDER BY table_name, ordinal_position
            """,
            [schema, sorted(names)],
        )
        columns: dict[str, dict[str, str]] = {}
        for table, column, data_type in cursor.fetchall():
            columns.setdefault(table, {})[column] = data_type
        found = []
        for table, its_columns in columns.items():
            cursor.execute(f"SELECT count(*) FROM {_quoted(schema)}.{_quoted(table)}")
            found.append(OldTable(table, its_columns, cursor.fetchone()[0]))
    if "users" not in columns:
        raise UnadoptableDatabaseError("There is no table `users`, so there is nothing to adopt.")
    return found


def check(tables: Sequence[OldTable], plans: Sequence[TablePlan]) -> None:
    """Raise UnadoptableDatabaseError unless the tables have the columns that the plans require."""
    by_name = {table.name: table for table in tables}
    wrong = []
    for plan in plans:
        old = by_name.get(plan.table)
        if old is None:
            continue
        missing = plan.required - old.columns.keys()
        wrong += [f"{plan.table} has no column {name}" for name in sorted(missing)]
        if old.columns.get("id", "bigint") not in _INTEGERS:
            wrong.append(f"{plan.table}.id is {old.columns['id']}, not an integer")
    if wrong:
        raise UnadoptableDatabaseError("The tables are not the old service's: " + "; ".join(wrong))


def tables_that_refer_to(names: Collection[str]) -> list[str]:
    """Other tables whose foreign keys point to these, and keep doing so when these move."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT conrelid::regclass::text
            FROM pg_constraint
            JOIN pg_class AS target ON target.oid = confrelid
            JOIN pg_class AS source ON source.oid = conrelid
            WHERE contype = 'f' AND target.relname = ANY(%(names)s)
                AND NOT source.relname = ANY(%(names)s)
                AND target.relnamespace IN (
                    to_regnamespace(current_schema()), to_regnamespace(%(legacy)s)
                )
                AND (%(legacy)s = target.relnamespace::regnamespace::text
                    OR to_regnamespace(%(legacy)s) IS NULL)
            ORDER BY 1
            """,
            {"names": list(names), "legacy": SCHEMA},
        )
        return [name for (name,) in cursor.fetchall()]


def move(tables: Sequence[OldTable]) -> None:
    """Move all tables into SCHEMA, with their rows, indexes and sequences, or none.

    Raises django.db.OperationalError when another transaction uses one of them for longer than
    the connection's lock_timeout.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BOOKKEEPING)
        for table in tables:
            cursor.execute(f"ALTER TABLE {_quoted(table.name)} SET SCHEMA {SCHEMA}")
        for role in _web_api_roles():
            cursor.execute(f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM {role}")
            cursor.execute(
                "ALTER DEFAULT PRIVILEGES IN SCHEMA "
                f"{_quoted(_current_schema())} REVOKE ALL ON TABLES FROM {role}"
            )


def drop() -> None:
    """Drop the old tables and the record of their adoption.

    Raises UnadoptableDatabaseError when the adoption is not finished, or other tables refer to
    the old ones.
    """
    if not adoption_began():
        raise UnadoptableDatabaseError("There are no old tables.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT table_name FROM {SCHEMA}.adoption_progress WHERE NOT finished")
        unfinished = [name for (name,) in cursor.fetchall()]
        names = [table.name for table in find_old_tables()]
        cursor.execute(f"SELECT count(*) FROM {SCHEMA}.adoption_progress")
        if unfinished or not cursor.fetchone()[0]:
            raise UnadoptableDatabaseError(
                "The adoption is not finished: run `manage.py adopt` first."
            )
        if referring := tables_that_refer_to(names):
            raise UnadoptableDatabaseError(
                f"Foreign keys of {', '.join(referring)} point to the old tables: drop them first."
            )
        tables = ", ".join(f"{SCHEMA}.{_quoted(name)}" for name in names)
        # Without CASCADE: other objects that depend on them, such as views, are not ours to drop.
        cursor.execute(f"DROP TABLE {tables}")
        cursor.execute(
            f"DROP TABLE {SCHEMA}.adoption_progress, {SCHEMA}.adoption_notes, "
            f"{SCHEMA}.adopted_plans"
        )
        cursor.execute(f"DROP SCHEMA {SCHEMA}")


def _web_api_roles() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(_WEB_API_ROLES)]
        )
        return [role for (role,) in cursor.fetchall()]


def _current_schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
