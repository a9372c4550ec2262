"""Backs up the database with pg_dump, and restores it with pg_restore.

A backup is one file in pg_dump's custom format: a consistent snapshot of the whole database, taken
while the service runs. It contains no secret of the settings.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from gatewayz.database.programs import ProgramError, program

HAS_TABLES = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema())"
_INVALID_INDEXES = """
SELECT indexrelid::regclass::text FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace
ORDER BY 1
"""


class BackupError(Exception):
    """A backup or a restore has failed; the text says what to do."""


def backup(file: Path) -> None:
    """Write the whole database to `file`, readable by its owner only.

    The file appears when it is complete. The service may keep running.

    Raises:
        BackupError: `file` exists, or pg_dump is missing or has failed.
    """
    if file.exists():
        raise BackupError(f"{file} exists: choose another name, or move it away")
    dump = _program("pg_dump")
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.touch(mode=0o600)
        partial.chmod(0o600)
    except OSError as error:
        raise BackupError(f"cannot write {partial}: {error.strerror}") from error
    try:
        # Rows name the partitioned table, so they also go into a database with other partitions.
        _run(dump, "--format=custom", "--load-via-partition-root", f"--file={partial}")
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(file: Path, jobs: int = 1) -> None:
    """Restore a backup into the database of the settings; create the database if it is missing.

    Owners and rights are not restored: everything belongs to the role of the connection. Ends with
    VACUUM and ANALYZE, because restored tables have no statistics and would get bad plans.

    Args:
        file: a file that `backup` wrote.
        jobs: the number of connections to use. With one, a failure changes nothing.

    Raises:
        BackupError: the file does not exist, the database already has tables, or pg_restore is
            missing or has failed.
    """
    if not file.is_file():
        raise BackupError(f"there is no file {file}")
    try:
        _create_database()
        with connection.cursor() as cursor:
            cursor.execute(HAS_TABLES)
            if cursor.fetchone()[0]:
                raise BackupError(
                    f"the database {_name()} already has tables: let DATABASE_URL name a new one"
                )
        how = ("--single-transaction",) if jobs == 1 else (f"--jobs={jobs}",)
        _run(
            _program("pg_restore"),
            *("--no-owner", "--no-privileges", "--exit-on-error", *how, str(file)),
            database_option=True,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("VACUUM (ANALYZE)")
            cursor.execute("RESET statement_timeout")
            cursor.execute(_INVALID_INDEXES)
            invalid = [name for (name,) in cursor.fetchall()]
    except Error as error:
        raise BackupError(str(error).strip()) from error
    if invalid:
        raise BackupError(
            f"all is restored, but these indexes are invalid: {', '.join(invalid)}: REINDEX them"
        )


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _create_database() -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [_name()])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(_name())}")


def _program(name: str) -> str:
    """Find the program in the server's version.

    Raises:
        BackupError: there is none, or the connection leads to a pooler.
    """
    if settings.DATABASE_POOLER != "none":
        raise BackupError(
            "bypass the pooler: set DATABASE_POOLER=none and let DATABASE_URL lead to PostgreSQL"
        )
    try:
        connection.ensure_connection()
        return program(name, connection.pg_version // 10_000)  # type: ignore[attr-defined]
    except (Error, ProgramError) as error:
        raise BackupError(str(error).strip()) from error


def _run(path: str, *arguments: str, database_option: bool = False) -> None:
    """Run a program on the database of the settings.

    Raises:
        BackupError: it has failed; the text is what it printed.
    """
    command, environ = _with_database(path, arguments, database_option=database_option)
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if result.returncode:
        printed = " ".join(result.stderr.strip().splitlines()[-3:])
        raise BackupError(f"{Path(path).name} has failed: {printed}")


def _with_database(
    path: str, arguments: Sequence[str], *, database_option: bool
) -> tuple[list[str], dict[str, str]]:
    """The command line and environment for a program, with the address that psql would get."""
    (_, *address), environ = connection.client.settings_to_cmd_args_env(
        connection.settings_dict, []
    )
    if database_option:  # pg_restore takes a name without an option for a file
        address[-1:] = [f"--dbname={address[-1]}"]
    return [path, *address, *arguments], {**os.environ, **(environ or {})}
