"""The embedded PostgreSQL, whose programs come from a wheel (gatewayz/database/programs.py)."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from gatewayz.database.programs import major_version, wheel_folders
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
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root


def start(home: Path, *, durable: bool) -> str:
    """Start PostgreSQL with its data in `home`, or use the one that already runs there.

    Returns:
        The DATABASE_URL of our database, which is created if necessary.

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
    """Stop the PostgreSQL of `home` if it runs, and cut its connections.

    Raises:
        EmbeddedServerError: it does not stop.
    """
    process = running_process(home / "postmaster.pid")
    if process is not None:
        end_process(process, signal.SIGINT)  # its "fast shutdown"


def _check_owner(home: Path) -> None:
    """Check that the data belongs to the user that PostgreSQL will run as.

    Raises:
        EmbeddedServerError: the folder belongs to another user.
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
    """Remove what a killed server left; PostgreSQL may not start if its old pid is in use again.

    The pid file protects the data while processes of the old server still write to it, so these
    are ended first.
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
    """Start PostgreSQL as a daemon.

    Raises:
        EmbeddedServerError: it cannot be started.
    """
    programs = next(iter(wheel_folders()), None)
    if programs is None:
        raise EmbeddedServerError(
            "no PostgreSQL for this platform: set DATABASE_URL to a running one"
        )
    user = _server_user(home, programs) if os.geteuid() == 0 else None
    setting = "on" if durable else "off"
    options = f"-h '' -k . -p {PORT} " + " ".join(
        f"-c {name}={setting}" for name in ("fsync", "full_page_writes", "synchronous_commit")
    )
    try:
        if not home.exists():
            _initialise(home, programs, user)
        _check_version(home, programs)
        _run(
            *(programs / "pg_ctl", "start", "--wait", f"--timeout={START_SECONDS:.0f}"),
            *("--pgdata", home, "--log", log, "--options", options),
            cwd=home,
            user=user,
        )
    except subprocess.CalledProcessError as error:
        if home.exists():
            raise start_failure("PostgreSQL", log) from error
        reason = error.stderr.strip().splitlines()[-1:] or [error]
        raise EmbeddedServerError(f"cannot create {home}: {reason[0]}") from error


def _initialise(home: Path, programs: Path, user: pwd.struct_passwd | None) -> None:
    """Create the data in another folder and rename it, so that `home` is complete or missing."""
    new = home.with_name(home.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if user is not None:
        os.chown(new, user.pw_uid, user.pw_gid)
    _run(
        *(programs / "initdb", "--pgdata", new, "--username=postgres", "--auth=trust"),
        # The machine's locales do not matter; `_create_database` chooses one.
        *("--encoding=UTF8", "--no-locale"),
        cwd=new,
        user=user,
    )
    new.rename(home)


def _run(*command: str | Path, cwd: Path, user: pwd.struct_passwd | None) -> None:
    subprocess.run(
        command,
        check=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        user=user and user.pw_uid,
        group=user and user.pw_gid,
        extra_groups=user and [],
        start_new_session=True,
    )


def _server_user(home: Path, programs: Path) -> pwd.struct_passwd:
    """The user that PostgreSQL runs as instead of root, with access to data and programs.

    Raises:
        EmbeddedServerError: there is no such user, and none can be created.
    """
    if not _has_user():
        created = subprocess.run(
            ["useradd", "--system", SYSTEM_USER], capture_output=True, text=True, check=False
        )
        if not _has_user():  # another process may have created it meanwhile
            raise EmbeddedServerError(
                f"cannot create the user {SYSTEM_USER}, as which PostgreSQL runs instead of root "
                f"({created.stderr.strip()}): run as another user, or set DATABASE_URL"
            )
    for path in (*home.parents, *programs.parents):
        _allow(path, 0o001)
    # The wheel's files, which root's umask may have made private.
    for path in programs.parent.rglob("*"):
        _allow(path, 0o005 if path.stat().st_mode & 0o100 else 0o004)
    return pwd.getpwnam(SYSTEM_USER)


def _has_user() -> bool:
    return any(user.pw_name == SYSTEM_USER for user in pwd.getpwall())


def _allow(path: Path, permissions: int) -> None:
    mode = path.stat().st_mode
    if mode & permissions != permissions:
        path.chmod(stat.S_IMODE(mode) | permissions)


def _check_version(home: Path, programs: Path) -> None:
    """Raise EmbeddedServerError for data of another major version."""
    ours = major_version(str(programs / "postgres"))
    try:
        its = (home / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return  # not a data folder, which PostgreSQL reports itself
    if its != str(ours):
        raise EmbeddedServerError(
            f"{home} has data of PostgreSQL {its}, but PostgreSQL {ours} is embedded: "
            "delete that folder to start afresh"
        )


def _is_ready(pid_file: Path) -> bool:
    """Whether the server accepts connections, and says so in the last line of its pid file."""
    try:
        return pid_file.read_text().rstrip().endswith("ready")
    except FileNotFoundError:
        return False


def _create_database(maintenance_url: str) -> None:
    """Create our database if it is missing."""
    with psycopg.connect(maintenance_url, autocommit=True, connect_timeout=5) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE_NAME]).fetchone():
            return
        # With this template, every new database, including those of tests, handles case by Unicode
        # and sorts the same on every machine.
        connection.execute(
            "UPDATE pg_database SET datistemplate = false WHERE datname = 'template1'"
        )
        connection.execute("DROP DATABASE IF EXISTS template1")
        connection.execute(
            "CREATE DATABASE template1 TEMPLATE template0 IS_TEMPLATE true"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        )
        connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
