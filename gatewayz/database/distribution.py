"""Turns the tables of one PostgreSQL with Citus into distributed ones, step by step, and back."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection, models, transaction

from gatewayz.database.base import DatabaseWrapper

# The column by whose hash rows are distributed. It is in each key of a distributed table.
COLUMN = "user_id"

# Steps rewrite tables, however long that takes. Triggers touch rows of the same owner only, which
# are on the same server, so they are safe.
_SETTINGS = """
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL citus.enable_unsafe_triggers = on;
SET LOCAL citus.multi_shard_modify_mode = 'sequential';
"""


# One by one: Citus would send a text with several statements to the other servers as a whole.
_WITHOUT_TRIGGERS = (
    "SET LOCAL citus.propagate_set_commands = 'local'",
    "SET LOCAL session_replication_role = 'replica'",
)


@dataclass(frozen=True)
class Reference:
    """A foreign key to a distributed table.

    Between distributed tables it has the owner in it; from another table it is dropped.
    """

    table: str
    name: str
    column: str
    to_table: str
    suffix: str
    is_kept: bool = True


@dataclass(frozen=True)
class UniqueIndex:
    """A unique index that gets the owner as its last column. `condition` is that of the index."""

    table: str
    name: str
    columns: str
    condition: str


@dataclass(frozen=True)
class ClusterTable:
    """A distributed table that a single PostgreSQL does not need.

    `settle` is a statement that uses up its rows before it is dropped.
    """

    name: str
    columns: str
    settle: str


@dataclass(frozen=True)
class Layout:
    """How tables are distributed; those that are not named stay on the coordinator.

    Attributes:
        distributed: tables by owner, with the columns of their primary key, without the owner.
        references: the foreign keys to distributed tables.
        unique_indexes: those without the owner, of distributed tables.
        on_shards: trigger functions, with the body that serves one owner's server.
        rewritten: functions with statements that Citus cannot send, with what replaces pieces.
        cascades: distributed tables with rows that the database deletes with those of `users`.
        cluster_tables: those that only a cluster has.
    """

    distributed: dict[type[models.Model], tuple[str, ...]]
    references: Sequence[Reference]
    unique_indexes: Sequence[UniqueIndex]
    on_shards: dict[str, str]
    rewritten: Mapping[str, Mapping[str, str]]
    cascades: Sequence[str]
    cluster_tables: Sequence[ClusterTable]


@dataclass(frozen=True)
class Step:
    """A change that one transaction makes, and how to undo it.

    `is_done` is an SQL expression. While the step `moves_rows`, no trigger runs, since the rows
    are not new. Undoing it runs those of Citus itself, which keep its catalogue.
    """

    title: str
    is_done: str
    do: str
    undo: str
    moves_rows: bool = False


def reference_of(model: type[models.Model], field_name: str, *, is_kept: bool = True) -> Reference:
    """The foreign key of a model's field, by the name that Django gives it."""
    field: Any = model._meta.get_field(field_name)
    to_table = field.related_model._meta.db_table
    with connection.schema_editor(collect_sql=True) as editor:
        name = editor._fk_constraint_name(  # type: ignore[attr-defined]
            model, field, "_fk_%(to_table)s_%(to_column)s"
        )
    return Reference(
        model._meta.db_table,
        str(name).strip('"'),
        field.column,
        to_table,
        "DEFERRABLE INITIALLY DEFERRED",
        is_kept,
    )


def steps_of(layout: Layout) -> list[Step]:
    """The steps that bring the layout about, in order; undone in the opposite order."""
    first = next(iter(layout.distributed))._meta.db_table
    return [
        *(_without_reference(one) for one in layout.references),
        *(_on_shard(name, body) for name, body in layout.on_shards.items()),
        *(_rewritten(name, changes) for name, changes in layout.rewritten.items()),
        *(step for model, key in layout.distributed.items() for step in _keyed(model, key)),
        *(_with_owner(index) for index in layout.unique_indexes),
        *(step for model in layout.distributed for step in _sequence(model)),
        *_distributed(list(layout.distributed)),
        *(_created(table, beside=first) for table in layout.cluster_tables),
        _cascade(layout.cascades),
        *(_with_reference(one) for one in layout.references if one.is_kept),
    ]


def run(steps: Sequence[Step], *, undoes: bool = False) -> Iterator[tuple[Step, bool]]:
    """Run the steps that are not done, or undo those that are.

    Each is a transaction of its own, so an interrupted run can be repeated. Yields each step
    before its turn, and whether it has to run. Raises django.db.Error.
    """
    for step in reversed(steps) if undoes else steps:
        has_to_run = is_done(step) == undoes
        yield step, has_to_run
        if has_to_run:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_SETTINGS)
                for setting in _WITHOUT_TRIGGERS if step.moves_rows and not undoes else ():
                    cursor.execute(setting)
                cursor.execute(step.undo if undoes else step.do)


def is_done(step: Step) -> bool:
    """Whether a step has been run."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {step.is_done}")
        (done,) = cursor.fetchone()
    return bool(done)


def is_distributed() -> bool:
    """Whether tables are distributed."""
    return bool(distributed_tables())


def distributed_tables() -> frozenset[str]:
    """The names of the distributed tables.

    A process asks until there are some; where the database has no Citus, it asks once. With an
    outdated answer, statements are slower but correct.
    """
    global _tables  # noqa: PLW0603 - remembered for this process
    if _tables is None:
        found = frozenset[str]()
        if has_citus():
            found = frozenset(name for (name,) in _fetch(_DISTRIBUTED))
            if not found:
                return found
        _tables = found
    return _tables


_tables: frozenset[str] | None = None
_DISTRIBUTED = """
SELECT relname FROM pg_dist_partition JOIN pg_class ON oid = logicalrelid WHERE partmethod = 'h'
"""


def of_owners(user_ids: Iterable[int]) -> dict[str, Collection[int]]:
    """The condition that sends a statement to the servers of these users, and not to all.

    Empty on one PostgreSQL, where the condition could only tempt it to read an index of the users
    instead of some rows by their keys.
    """
    return {f"{COLUMN}__in": set(user_ids)} if is_distributed() else {}


def has_citus() -> bool:
    """Whether the database has the extension."""
    return _connection().has_citus()


def connections_of_others() -> int:
    """How many connections other processes of the service hold to this database."""
    ((count,),) = _fetch(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'gatewayz' AND pid <> pg_backend_pid()"
    )
    return int(count)


def _fetch(sql: str) -> list[tuple[Any, ...]]:
    return _connection().fetch_autocommit(sql, ())


def _connection() -> "DatabaseWrapper":
    return cast("DatabaseWrapper", transaction.get_connection())


def _has_constraint(table: str, name: str, columns: int | None = None) -> str:
    counted = "" if columns is None else f" AND cardinality(conkey) = {columns}"
    return (
        f"EXISTS (SELECT FROM pg_constraint WHERE conrelid = '{table}'::regclass"
        f" AND conname = '{name}'{counted})"
    )


def _key(table: str, columns: Sequence[str]) -> str:
    return (
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey,"
        f" ADD CONSTRAINT {table}_pkey PRIMARY KEY ({', '.join(columns)})"
    )


def _without_reference(one: Reference) -> Step:
    drop = f"ALTER TABLE {one.table} DROP CONSTRAINT {one.name}"
    add = (
        f"ALTER TABLE {one.table} ADD CONSTRAINT {one.name} FOREIGN KEY ({one.column})"
        f" REFERENCES {one.to_table} (id) {one.suffix}"
    )
    title = f"{one.table}: drop the foreign key to {one.to_table}"
    return Step(title, f"NOT {_has_constraint(one.table, one.name, 1)}", drop, add)


def _with_reference(one: Reference) -> Step:
    add = (
        f"ALTER TABLE {one.table} ADD CONSTRAINT {one.name}"
        f" FOREIGN KEY ({COLUMN}, {one.column}) REFERENCES {one.to_table} ({COLUMN}, id)"
        f" {one.suffix}"
    )
    drop = f"ALTER TABLE {one.table} DROP CONSTRAINT {one.name}"
    title = f"{one.table}: add the foreign key to {one.to_table}, with the owner"
    return Step(title, _has_constraint(one.table, one.name, 2), add, drop)


# Triggers are made again with the other function; nothing else about them changes.
_SWITCH_TRIGGERS = """
DO $do$
DECLARE
    known record;
BEGIN
    FOR known IN
        SELECT tgname, tgrelid::regclass AS "table", pg_get_triggerdef(oid) AS definition
        FROM pg_trigger WHERE tgfoid = '{before}()'::regprocedure
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', known.tgname, known."table");
        EXECUTE replace(known.definition, '{before}()', '{after}()');
    END LOOP;
END $do$;
"""


def _cascade(tables: Sequence[str]) -> Step:
    deletes = " ".join(f"DELETE FROM {table} WHERE {COLUMN} = OLD.id;" for table in tables)
    return Step(
        "users: delete the rows of an erased user on the owner's server",
        "EXISTS (SELECT FROM pg_trigger WHERE tgname = 'distributed_users_deleted')",
        f"""
        CREATE OR REPLACE FUNCTION distributed_users_deleted() RETURNS trigger
        LANGUAGE plpgsql SET search_path FROM CURRENT
        AS $body$ BEGIN {deletes} RETURN NULL; END $body$;
        CREATE TRIGGER distributed_users_deleted AFTER DELETE ON users
        FOR EACH ROW EXECUTE FUNCTION distributed_users_deleted();
        """,
        "DROP TRIGGER distributed_users_deleted ON users;"
        " DROP FUNCTION distributed_users_deleted();",
    )


def _on_shard(name: str, body: str) -> Step:
    new = f"{name}_on_shard"
    create = (
        f"CREATE OR REPLACE FUNCTION {new}() RETURNS trigger LANGUAGE plpgsql"
        f" SET search_path FROM CURRENT AS $body$ {body} $body$;"
    )
    done = f"NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = '{name}()'::regprocedure)"
    return Step(
        f"{name}: replace it by one for the owner's server",
        done,
        create + _SWITCH_TRIGGERS.format(before=name, after=new),
        _SWITCH_TRIGGERS.format(before=new, after=name) + f"DROP FUNCTION {new}();",
    )


# Citus evaluates functions itself before it sends a statement, but not volatile ones.
_CLOCK = """
CREATE OR REPLACE FUNCTION distributed_clock() RETURNS timestamptz LANGUAGE plpgsql STABLE
AS $$ BEGIN RETURN clock_timestamp(); END $$;
"""
_MARK = "distributed_clock()"


def _rewritten(name: str, changes: Mapping[str, str]) -> Step:
    pairs = [(" clock_timestamp()", f" {_MARK}"), *changes.items()]

    def rewrite(pairs: Sequence[tuple[str, str]]) -> str:
        new = f"pg_get_functiondef('{name}'::regproc)"
        for before, after in pairs:
            new = f"replace({new}, '{before}', '{after}')"
        return f"DO $do$ BEGIN EXECUTE {new}; END $do$"

    return Step(
        f"{name}: write it as Citus can send it",
        f"(SELECT prosrc LIKE '%{_MARK}%' FROM pg_proc WHERE oid = '{name}'::regproc)",
        _CLOCK + rewrite(pairs),
        rewrite([(after, before) for before, after in pairs]),
    )


def _keyed(model: type[models.Model], key: tuple[str, ...]) -> Iterator[Step]:
    """Give each row an owner, and put the owner into the primary key."""
    table = model._meta.db_table
    owner: Any = model._meta.get_field(COLUMN.removesuffix("_id") if _has_user(model) else COLUMN)
    if owner.null:
        yield Step(
            f"{table}: each row has an owner",
            f"(SELECT attnotnull FROM pg_attribute WHERE attrelid = '{table}'::regclass"
            f" AND attname = '{COLUMN}')",
            f"ALTER TABLE {table} ALTER COLUMN {COLUMN} SET NOT NULL",
            f"ALTER TABLE {table} ALTER COLUMN {COLUMN} DROP NOT NULL",
        )
    if key:
        columns = (COLUMN, *key)
        yield Step(
            f"{table}: put the owner into the primary key",
            _has_constraint(table, f"{table}_pkey", len(columns)),
            _key(table, columns),
            _key(table, key),
        )


def _has_user(model: type[models.Model]) -> bool:
    return any(field.name == "user" for field in model._meta.concrete_fields)


def _sequence(model: type[models.Model]) -> Iterator[Step]:
    """Citus cannot undo the distribution of a table with an identity column: a default instead.

    The ids come from the same numbers, and from the coordinator.
    """
    if not isinstance(model._meta.auto_field, models.AutoField | models.BigAutoField):
        return
    table = model._meta.db_table
    sequence = f"{table}_id_seq"
    swap = f"""
    CREATE TEMPORARY TABLE {sequence}_was AS
        SELECT last_value, is_called FROM {sequence};
    ALTER TABLE {table} {{drop}};
    {{add}};
    SELECT setval('{sequence}', last_value, is_called) FROM {sequence}_was;
    DROP TABLE {sequence}_was;
    """
    yield Step(
        f"{table}: take ids from a sequence",
        f"(SELECT attidentity = '' FROM pg_attribute WHERE attrelid = '{table}'::regclass"
        " AND attname = 'id')",
        swap.format(
            drop="ALTER COLUMN id DROP IDENTITY",
            add=f"CREATE SEQUENCE {sequence} OWNED BY {table}.id;"
            f" ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('{sequence}')",
        ),
        swap.format(
            drop="ALTER COLUMN id DROP DEFAULT",
            add=f"DROP SEQUENCE {sequence};"
            f" ALTER TABLE {table} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY",
        ),
    )


def _with_owner(index: UniqueIndex) -> Step:
    create = f"DROP INDEX {index.name}; CREATE UNIQUE INDEX {index.name} ON {index.table} "
    return Step(
        f"{index.name}: put the owner into the unique index",
        f"(SELECT pg_get_indexdef('{index.name}'::regclass) LIKE '%{COLUMN}%')",
        f"{create} ({index.columns}, {COLUMN}) WHERE {index.condition}",
        f"{create} ({index.columns}) WHERE {index.condition}",
    )


# Citus creates the table again, and functions that take or return its rows would be lost.
_UNDISTRIBUTE = """
DO $do$
DECLARE
    function text;
    functions text[] := ARRAY(
        SELECT DISTINCT pg_get_functiondef(depend.objid)
        FROM pg_depend AS depend JOIN pg_type AS type ON type.oid = depend.refobjid
        JOIN pg_class AS "table" ON "table".oid = type.typrelid
        WHERE depend.classid = 'pg_proc'::regclass AND depend.refclassid = 'pg_type'::regclass
            AND "table".relkind = 'r' AND "table".relnamespace = current_schema()::regnamespace
    );
BEGIN
    PERFORM undistribute_table('{table}', cascade_via_foreign_keys => true);
    FOREACH function IN ARRAY functions LOOP
        EXECUTE function;
    END LOOP;
END $do$
"""


def _is_distributed(table: str) -> str:
    return f"EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = '{table}'::regclass)"


def _distributed(given: Sequence[type[models.Model]]) -> Iterator[Step]:
    first = given[0]._meta.db_table
    for model in given:
        table = model._meta.db_table
        beside = f", colocate_with => '{first}'" if table != first else ""
        yield Step(
            f"{table}: distribute it",
            _is_distributed(table),
            f"SELECT create_distributed_table('{table}', '{COLUMN}'{beside})",
            _UNDISTRIBUTE.format(table=table),
            moves_rows=True,
        )


def _created(table: ClusterTable, *, beside: str) -> Step:
    name = table.name
    return Step(
        f"{name}: create it",
        f"EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('{name}'))",
        f"CREATE TABLE {name} ({table.columns});"
        f" SELECT create_distributed_table('{name}', '{COLUMN}', colocate_with => '{beside}')",
        f"{table.settle}; DROP TABLE {name}",
    )
