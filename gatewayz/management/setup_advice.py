"""Advice for a `manage.py` command that fails because the service is not set up yet."""

import os
import shlex

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, ProgrammingError
from redis.exceptions import ConnectionError as NoRedis


def advice(error: Exception) -> str | None:
    """Return one line that says what to do about `error`; None when the code is at fault.

    The caller can fix a database that cannot be reached or has no tables. A statement that
    PostgreSQL rejects for another reason is a fault of the code.
    """
    if isinstance(error, ImproperlyConfigured):
        return str(error)
    if isinstance(error, NoRedis):
        return _no_answer("Redis", "REDIS_URL", error)
    cause = error.__cause__
    if isinstance(cause, psycopg.errors.UndefinedTable) and isinstance(error, ProgrammingError):
        return "the database lacks tables: run `manage.py migrate`"
    if isinstance(error, OperationalError | InterfaceError) and (
        isinstance(cause, psycopg.Error) and cause.sqlstate is None
    ):
        return _no_answer("the database", "DATABASE_URL", error)
    return None


def _no_answer(server: str, variable: str, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0]
    if os.environ.get("GATEWAYZ_ENV") == "production":
        return f"{server} does not answer ({reason}): see {variable}"
    folder = os.environ.get("GATEWAYZ_DATA_DIR")
    run = f"GATEWAYZ_DATA_DIR={shlex.quote(folder)} make run" if folder else "make run"
    return (
        f"{server} does not answer ({reason}): start `{run}` in another terminal, "
        f"or set {variable}"
    )
