"""The PostgreSQL roles of the service's processes, each with the rights that it needs.

`migrator` owns everything and runs `manage.py migrate`; `web` answers requests; `worker` runs
`manage.py qcluster` and commands. Web and worker may read and write all rows of the service's own
tables. Their rights on other tables and on the audit log are listed here.
"""

import re
from collections.abc import Iterator
from typing import Literal

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from gatewayz.database.distribution import distributed_tables

Role = Literal["web", "worker"]

_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_OWN_APPS = ("accounts", "chat")

# Rights by table, for the exceptions.
_SPECIAL: dict[str, dict[Role, str]] = {
    # Append-only. A trigger with its own rights writes the chain. Only the worker erases personal
    # data and verifies the chain.
    "audit_log": {"web": "SELECT, INSERT", "worker": "SELECT, INSERT"},
    "audit_personal_data": {"web": "SELECT, INSERT", "worker": "SELECT, INSERT, DELETE"},
    "audit_chain": {"worker": "SELECT"},
    "audit_head": {"worker": "SELECT"},
    # Append-only, by the worker.
    "credits": {"web": "SELECT", "worker": "SELECT, INSERT"},
    # Tables of the admin. The worker does not need its sessions; when it erases a user, it also
    # deletes the user's entries in the admin's log.
    "django_session": {"web": _ROWS},
    "django_admin_log": {"web": "SELECT, INSERT", "worker": "SELECT, UPDATE, DELETE"},
    "django_content_type": {"web": "SELECT", "worker": "SELECT"},
    "auth_permission": {"web": "SELECT"},
    "auth_group": {"web": _ROWS},
    "auth_group_permissions": {"web": _ROWS},
    # A schedule names a function, so writing one means doing anything that the worker may do.
    "django_q_schedule": {"web": "SELECT", "worker": _ROWS},
    "django_q_task": {"web": "SELECT, DELETE", "worker": _ROWS},
}

# Functions that run as the migrator, and that only the worker may call.
_OF_WORKER = ("activity_log_add_week(date)", "activity_log_drop_week(date)")

# Tables whose new rows get their ids before they are inserted.
_IDS_BEFORE_ROWS = ("chat_messages",)

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}")


def role_name(prefix: str, role: str) -> str:
    """Return the name of a role (migrator, web or worker) of the installation `prefix`.

    Raises ValueError when the prefix is not a plain name.
    """
    if not _NAME.fullmatch(prefix):
        raise ValueError("A prefix consists of lower-case letters, digits and underscores")
    return f"{prefix}_{role}"


def grant_roles(prefix: str) -> list[str]:
    """Create missing roles, and give each role exactly the rights that it needs.

    May be repeated, and must be after migrations that create tables. New roles have no password,
    so nobody can log in as one until it gets one. Needs a connection that may create roles and
    that is the owner of the tables or a member of it.

    Returns the SQL that was run.

    Raises django.db.Error; nothing has changed then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        statements = statements_to_grant(prefix)
        for statement in statements:
            cursor.execute(statement)
    return statements


def statements_to_grant(prefix: str) -> list[str]:
    """Return the SQL that `grant_roles` would run on this database now."""
    migrator, web, worker = (role_name(prefix, role) for role in ("migrator", "web", "worker"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_schema(), current_user")
        database, schema, us = (_quoted(name) for name in cursor.fetchone())
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[migrator, web, worker]]
        )
        existing = {name for (name,) in cursor.fetchall()}
    return [
        *(f"CREATE ROLE {role} LOGIN" for role in (migrator, web, worker) if role not in existing),
        # Only a member of a role can hand ownership to it.
        f"GRANT {migrator} TO {us}",
        # Migrations may take long.
        *_timeouts(migrator, database, statement_timeout=0),
        *_timeouts(web, database),
        *_timeouts(worker, database),
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {migrator}, {web}, {worker}",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {migrator}",
        f"GRANT USAGE ON SCHEMA {schema} TO {web}, {worker}",
        *_statements_to_own(migrator),
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {web}, {worker}",
        *(
            f"GRANT {rights} ON {_quoted(table)} TO {role_name(prefix, role)}"
            for table in sorted(_tables() | distributed_tables())
            for role, rights in _rights(table)
        ),
        *(
            f"GRANT USAGE ON SEQUENCE {_quoted(sequence)} TO {web}, {worker}"
            for sequence in _sequences()
        ),
        # A restored database has the functions without their rights, which is to say for PUBLIC.
        f"REVOKE EXECUTE ON FUNCTION {', '.join(_OF_WORKER)} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {', '.join(_OF_WORKER)} TO {worker}",
    ]


def _timeouts(role: str, database: str, **others_ms: int) -> Iterator[str]:
    """Set the time-outs of a role: a process that connects through a pooler cannot set them."""
    for name, timeout_ms in {**settings.DATABASE_TIMEOUTS_MS, **others_ms}.items():
        yield f"ALTER ROLE {role} IN DATABASE {database} SET {name} = {timeout_ms}"


def _sequences() -> list[str]:
    """Those that a role asks for ids itself, unlike those of identity columns."""
    names = {f"{table}_id_seq" for table in _IDS_BEFORE_ROWS}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence.relname FROM pg_class AS sequence"
            " JOIN pg_depend AS owned ON owned.objid = sequence.oid AND owned.deptype = 'a'"
            " JOIN pg_class AS distributed ON distributed.oid = owned.refobjid"
            " WHERE sequence.relkind = 'S' AND distributed.relname = ANY(%s)",
            [list(distributed_tables())],
        )
        names |= {name for (name,) in cursor.fetchall()}
    return sorted(names)


def _statements_to_own(migrator: str) -> Iterator[str]:
    """Change the owner of tables that belong to another role; each statement locks its table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = current_schema() AND tableowner <> %s ORDER BY tablename",
            [migrator],
        )
        yield from (f"ALTER TABLE {_quoted(t)} OWNER TO {migrator}" for (t,) in cursor.fetchall())
        # Functions of extensions keep their owner.
        cursor.execute(
            "SELECT oid::regprocedure FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace"
            " AND pg_get_userbyid(proowner) <> %s"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass"
            " AND objid = pg_proc.oid AND deptype = 'e') ORDER BY oid",
            [migrator],
        )
        yield from (f"ALTER FUNCTION {name} OWNER TO {migrator}" for (name,) in cursor.fetchall())
        cursor.execute(
            "SELECT stxname FROM pg_statistic_ext"
            " WHERE stxnamespace = current_schema()::regnamespace"
            " AND pg_get_userbyid(stxowner) <> %s ORDER BY stxname",
            [migrator],
        )
        for (name,) in cursor.fetchall():
            yield f"ALTER STATISTICS {_quoted(name)} OWNER TO {migrator}"


def _tables() -> set[str]:
    """The tables of all applications."""
    return {model._meta.db_table for model in apps.get_models(include_auto_created=True)}


def _rights(table: str) -> Iterator[tuple[Role, str]]:
    """The rights of web and worker on a table."""
    if table in _SPECIAL:
        yield from _SPECIAL[table].items()
    elif table in _own_tables() | distributed_tables():
        yield from (("web", _ROWS), ("worker", _ROWS))


def _own_tables() -> set[str]:
    return {
        model._meta.db_table
        for label in _OWN_APPS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
