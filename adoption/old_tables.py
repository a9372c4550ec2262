"""Finds the old service's tables, moves them out of the way, and drops them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from django.apps import apps
from django.db import IntegrityError, InternalError, connection, transaction
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

# Columns of keys, their digests and their ciphertexts.
_KEY_COLUMNS = {
    "users": frozenset({"api_key"}),
    "api_keys_new": frozenset({"api_key", "key_hash", "encrypted_key"}),
}

# Keeps of a key what its masked form shows.
_PLAIN_KEY = "(gw_(?:live|test|staging|dev)_[A-Za-z0-9_-]{2})[A-Za-z0-9_-]{2,}([A-Za-z0-9_-]{4})"

Drop = Literal["tables", "keys"]

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


def other_tables() -> dict[str, int]:
    """Return the tables beside this service's and those to adopt, with the number of rows."""
    schema = _current_schema()
    known = connection.introspection.django_table_names(include_views=False)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name FROM information_schema.tables
            WHERE table_schema = %s AND table_type = 'BASE TABLE' AND NOT table_name = ANY(%s)
            ORDER BY 1
            """,
            [schema, [*known, *_MERGED, MigrationRecorder.Migration._meta.db_table]],
        )
        rows = {}
        for (name,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM {_quoted(schema)}.{_quoted(name)}")
            rows[name] = cursor.fetchone()[0]
    return rows


def count_values(table: OldTable, columns: Collection[str]) -> dict[str, int]:
    """Return how many rows of an old table have a value, and no empty one, in each column."""
    schema = SCHEMA if adoption_began() else _current_schema()
    counts = ", ".join(
        f"count(*) FILTER (WHERE {_quoted(name)}::text NOT IN ('', '{{}}', '[]'))"
        for name in columns
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts} FROM {_quoted(schema)}.{_quoted(table.name)}")
        return dict(zip(columns, cursor.fetchone(), strict=True))


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


def drop(what: Drop) -> list[str]:
    """End the old keys in plain text; return sentences about what was done to other tables.

    `tables` drops the old tables and the record of their adoption; foreign keys of other tables
    then point to the new tables, whose rows have the same ids. `keys` drops only the columns with
    keys. Both mask keys in the other tables that the old service left.

    Raises UnadoptableDatabaseError when the adoption is not finished, or something else, such as
    a view, depends on what is dropped.
    """
    if not adoption_began():
        raise UnadoptableDatabaseError("There are no old tables.")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT bool_and(finished) FROM {SCHEMA}.adoption_progress")
            if not cursor.fetchone()[0]:
                raise UnadoptableDatabaseError(
                    "The adoption is not finished: run `manage.py adopt` first."
                )
            tables = find_old_tables()
            if what == "tables":
                done = _point_to_new_tables(tables)
                _drop_tables(tables)
            else:
                done = _drop_keys(tables)
            return done + _mask_keys(_current_schema(), sorted(other_tables()))
    except InternalError as exc:
        # Without CASCADE: what depends on them is not ours to drop.
        raise UnadoptableDatabaseError(str(exc)) from exc
    except IntegrityError as exc:
        raise UnadoptableDatabaseError(f"A column with keys is unique: {exc}") from exc


def _point_to_new_tables(tables: Sequence[OldTable]) -> list[str]:
    """Make foreign keys that point to old tables point to the new ones."""
    names = [table.name for table in tables]
    done = []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT source.oid::regclass::text, conname, target.relname,
                   pg_get_constraintdef(pg_constraint.oid)
            FROM pg_constraint
            JOIN pg_class AS target ON target.oid = confrelid
            JOIN pg_class AS source ON source.oid = conrelid
            WHERE contype = 'f' AND target.relnamespace = to_regnamespace(%(legacy)s)
                AND source.relnamespace <> target.relnamespace AND target.relname = ANY(%(names)s)
            ORDER BY 1, 2
            """,
            {"legacy": SCHEMA, "names": names},
        )
        for source, constraint, target, definition in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {source} DROP CONSTRAINT {_quoted(constraint)}")
            # Of these, ids do not stay or rows are not adopted one by one.
            if target in _MERGED | {"plans"} or "(id)" not in definition:
                done.append(f"{source}: its foreign key {constraint} is dropped.")
                continue
            new = definition.replace(f"REFERENCES {SCHEMA}.", "REFERENCES ")
            new = new.removesuffix(" NOT VALID")
            cursor.execute(
                f"ALTER TABLE {source} ADD CONSTRAINT {_quoted(constraint)} {new} NOT VALID"
            )
            try:
                with transaction.atomic():
                    cursor.execute(
                        f"ALTER TABLE {source} VALIDATE CONSTRAINT {_quoted(constraint)}"
                    )
                done.append(f"{source}: its foreign key {constraint} points to the new {target}.")
            except IntegrityError:
                done.append(
                    f"{source}: its foreign key {constraint} points to the new {target}, but is "
                    "NOT VALID: some rows refer to rows that were not adopted."
                )
    return done


def _drop_tables(tables: Sequence[OldTable]) -> None:
    names = ", ".join(f"{SCHEMA}.{_quoted(table.name)}" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {names}")
        cursor.execute(
            f"DROP TABLE {SCHEMA}.adoption_progress, {SCHEMA}.adoption_notes, "
            f"{SCHEMA}.adopted_plans"
        )
        cursor.execute(f"DROP SCHEMA {SCHEMA}")


def _drop_keys(tables: Sequence[OldTable]) -> list[str]:
    done = []
    with connection.cursor() as cursor:
        for table in tables:
            for column in sorted(_KEY_COLUMNS.get(table.name, frozenset()) & table.columns.keys()):
                cursor.execute(f"ALTER TABLE {SCHEMA}.{table.name} DROP COLUMN {column}")
                done.append(f"{SCHEMA}.{table.name}: the column {column} is dropped.")
    # Texts of users are left as they are.
    written = {"chat_sessions", "chat_messages", "message_feedback"}
    return done + _mask_keys(SCHEMA, sorted({table.name for table in tables} - written))


def _mask_keys(schema: str, tables: Sequence[str]) -> list[str]:
    """Mask keys of the old service in texts and JSON, wherever these tables hold them."""
    done = []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, column_name, data_type FROM information_schema.columns
            WHERE table_schema = %s AND table_name = ANY(%s) AND is_generated = 'NEVER'
                AND data_type IN ('text', 'character varying', 'json', 'jsonb')
            ORDER BY 1, 2
            """,
            [schema, list(tables)],
        )
        for table, column, kind in cursor.fetchall():
            name = _quoted(column)
            cursor.execute(
                f"UPDATE {_quoted(schema)}.{_quoted(table)} SET {name} = "
                f"regexp_replace({name}::text, %(key)s, '\\1…\\2', 'g')::{kind} "
                f"WHERE {name}::text ~ %(key)s",
                {"key": _PLAIN_KEY},
            )
            if cursor.rowcount:
                done.append(f"{table}: keys in {cursor.rowcount:,} rows of {column} are masked.")
    return done


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
