"""Backups of the database by PostgreSQL's own programs, and the way back.

A backup is one file of pg_dump's custom format: a consistent snapshot of everything in the
database, taken while the service works. It holds no secret of the settings.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from gatewayz.database.programs import ProgramError, program

_HAS_TABLES = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema())"
_INVALID_INDEXES = """
SELECT indexrelid::regclass::text FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace
ORDER BY 1
"""


class BackupError(Exception):
    """A backup, or its restoration, has failed; the text says what to do."""


def backup(file: Path) -> None:
    """Write the whole database to `file`, which only its owner may read.

    It appears when it is complete. The service may go on working.

    Raises:
        BackupError: `file` is there already, or pg_dump is missing or has failed.
    """
    if file.exists():
        raise BackupError(f"{file} is there already: choose another name, or move it away")
    dump = _program("pg_dump")
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.touch(mode=0o600)
        partial.chmod(0o600)
    except OSError as error:
        raise BackupError(f"cannot write {partial}: {error.strerror}") from error
    try:
        _run(dump, "--format=custom", f"--file={partial}")
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(file: Path, jobs: int = 1) -> None:
    """Bring a backup back into the database of the settings, which is made if it is missing.

    Owners and rights are not restored: everything belongs to the role of the connection. Ends with
    VACUUM and ANALYZE, since a restored table has no statistics and plans would be bad without.

    Args:
        file: what `backup` has written.
        jobs: how many connections restore. With one, a failure leaves the database as it was.

    Raises:
        BackupError: there is no such file, the database has tables already, or pg_restore is
            missing or has failed.
    """
    if not file.is_file():
        raise BackupError(f"there is no file {file}")
    try:
        _create_database()
        with connection.cursor() as cursor:
            cursor.execute(_HAS_TABLES)
            if cursor.fetchone()[0]:
                raise BackupError(
                    f"the database {_name()} has tables already: let DATABASE_URL name a new one"
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
    """The program of the server's version.

    Raises:
        BackupError: there is none, or the connection does not lead to the server itself.
    """
    if settings.DATABASE_POOLER != "none":
        raise BackupError(
            "go past the pooler: DATABASE_POOLER=none, and a DATABASE_URL that leads to PostgreSQL"
        )
    try:
        connection.ensure_connection()
        return program(name, connection.pg_version // 10_000)  # type: ignore[attr-defined]
    except (Error, ProgramError) as error:
        raise BackupError(str(error).strip()) from error


def _run(path: str, *arguments: str, database_option: bool = False) -> None:
    """Run a program on the database of the settings.

    Raises:
        BackupError: it has failed; the text is what it said.
    """
    command, environ = _with_database(path, arguments, database_option=database_option)
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if result.returncode:
        said = " ".join(result.stderr.strip().splitlines()[-3:])
        raise BackupError(f"{Path(path).name} has failed: {said}")


def _with_database(
    path: str, arguments: Sequence[str], *, database_option: bool
) -> tuple[list[str], dict[str, str]]:
    """The command line and environment that lead a program to the database, as psql is led."""
    (_, *address), environ = connection.client.settings_to_cmd_args_env(
        connection.settings_dict, []
    )
    if database_option:  # to pg_restore, a name without an option is that of the file
        address[-1:] = [f"--dbname={address[-1]}"]
    return [path, *address, *arguments], {**os.environ, **(environ or {})}
