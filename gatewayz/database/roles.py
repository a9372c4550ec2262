"""The roles of PostgreSQL that the processes of this service work as, with no right too many.

`migrator` owns everything and runs `manage.py migrate`; `web` answers requests; `worker` runs
`manage.py qcluster` and commands. Web and worker read and write the rows of the service's own
tables; what they may do with the others, and with the audit log, is listed here.
"""

import re
from collections.abc import Iterator
from typing import Literal

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

Role = Literal["web", "worker"]

_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_OWN_APPS = ("accounts", "chat")

# By table, for the tables that are not like the others.
_SPECIAL: dict[str, dict[Role, str]] = {
    # Only ever added to; the chain is written by a trigger with rights of its own. Erasing a
    # person, and verifying, is the worker's.
    "audit_log": {"web": "SELECT, INSERT", "worker": "SELECT, INSERT"},
    "audit_personal_data": {"web": "SELECT, INSERT", "worker": "SELECT, INSERT, DELETE"},
    "audit_chain": {"worker": "SELECT"},
    "audit_head": {"worker": "SELECT"},
    # Only ever added to, by the worker.
    "credits": {"web": "SELECT", "worker": "SELECT, INSERT"},
    # The admin's. The worker has no business with its sessions; erasing a user takes along what
    # that user did in it.
    "django_session": {"web": _ROWS},
    "django_admin_log": {"web": "SELECT, INSERT", "worker": "SELECT, UPDATE, DELETE"},
    "django_content_type": {"web": "SELECT", "worker": "SELECT"},
    "auth_permission": {"web": "SELECT"},
    "auth_group": {"web": _ROWS},
    "auth_group_permissions": {"web": _ROWS},
    # A schedule names a function to call: who may write one may do whatever the worker may.
    "django_q_schedule": {"web": "SELECT", "worker": _ROWS},
    "django_q_task": {"web": "SELECT, DELETE", "worker": _ROWS},
}

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}")


def role_name(prefix: str, role: str) -> str:
    """The name of a role (migrator, web or worker) of the installation `prefix`.

    Raises ValueError when the prefix is no plain name.
    """
    if not _NAME.fullmatch(prefix):
        raise ValueError("A prefix is made of lower-case letters, digits and underscores")
    return f"{prefix}_{role}"


def grant_roles(prefix: str) -> list[str]:
    """Make the roles that are missing, and give to each exactly the rights that it needs.

    It may be run any number of times, and has to be after migrations that make tables. New roles
    have no password, so nobody can log in as one before it is given one. Needs a connection that
    may create roles and is, or is a member of, the owner of the tables.

    Returns the SQL that was run.

    Raises django.db.Error; then nothing has changed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        statements = statements_to_grant(prefix)
        for statement in statements:
            cursor.execute(statement)
    return statements


def statements_to_grant(prefix: str) -> list[str]:
    """The SQL that `grant_roles` runs on this database as it is now."""
    migrator, web, worker = (role_name(prefix, role) for role in ("migrator", "web", "worker"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_schema(), current_user")
        database, schema, us = (_quoted(name) for name in cursor.fetchone())
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[migrator, web, worker]]
        )
        existing = {name for (name,) in cursor.fetchall()}
    timeouts = settings.DATABASE_TIMEOUTS_MS
    return [
        *(f"CREATE ROLE {role} LOGIN" for role in (migrator, web, worker) if role not in existing),
        # Who gives something to a role has to be a member of it.
        f"GRANT {migrator} TO {us}",
        # Through a pooler, a process cannot say them when it connects. Migrations may take long.
        *(
            f"ALTER ROLE {role} IN DATABASE {database} SET {name} = {timeout_ms}"
            for role, its_timeouts in (
                (migrator, timeouts | {"statement_timeout": 0}),
                (web, timeouts),
                (worker, timeouts),
            )
            for name, timeout_ms in its_timeouts.items()
        ),
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {migrator}, {web}, {worker}",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {migrator}",
        f"GRANT USAGE ON SCHEMA {schema} TO {web}, {worker}",
        *_statements_to_own(migrator),
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {web}, {worker}",
        *(
            f"GRANT {rights} ON {_quoted(table)} TO {role_name(prefix, role)}"
            for table in sorted(_tables())
            for role, rights in _rights(table)
        ),
    ]


def _statements_to_own(migrator: str) -> Iterator[str]:
    """Hand over what belongs to somebody else; each waits for the table, so only these."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = current_schema() AND tableowner <> %s ORDER BY tablename",
            [migrator],
        )
        yield from (f"ALTER TABLE {_quoted(t)} OWNER TO {migrator}" for (t,) in cursor.fetchall())
        # Those of extensions stay with who installed them.
        cursor.execute(
            "SELECT oid::regprocedure FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace"
            " AND pg_get_userbyid(proowner) <> %s"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass"
            " AND objid = pg_proc.oid AND deptype = 'e') ORDER BY oid",
            [migrator],
        )
        yield from (f"ALTER FUNCTION {name} OWNER TO {migrator}" for (name,) in cursor.fetchall())


def _tables() -> set[str]:
    """The tables of all applications."""
    return {model._meta.db_table for model in apps.get_models(include_auto_created=True)}


def _rights(table: str) -> Iterator[tuple[Role, str]]:
    """What web and worker may do with the rows of a table."""
    if table in _SPECIAL:
        yield from _SPECIAL[table].items()
    elif table in _own_tables():
        yield from (("web", _ROWS), ("worker", _ROWS))


def _own_tables() -> set[str]:
    return {
        model._meta.db_table
        for label in _OWN_APPS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
