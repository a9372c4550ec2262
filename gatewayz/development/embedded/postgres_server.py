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
    folder = next(iter(wheel_folders()), None)
    if folder is None:
        raise EmbeddedServerError(
            "no PostgreSQL for this platform: set DATABASE_URL to a running one"
        )
    user = _server_user(home, folder) if os.geteuid() == 0 else None
    try:
        if not home.exists():
            new = home.with_name(home.name + ".new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(mode=0o700)
            if user is not None:
                os.chown(new, user.pw_uid, user.pw_gid)
            _run(
                *(folder / "initdb", "--pgdata", new, "--username=postgres", "--auth=trust"),
                # Locales of this machine do not matter; `_create_database` chooses one.
                *("--encoding=UTF8", "--no-locale"),
                cwd=new,
                user=user,
            )
            new.rename(home)
        _check_version(home, folder)
        care = "on" if durable else "off"
        options = f"-h '' -k . -p {PORT} " + " ".join(
            f"-c {name}={care}" for name in ("fsync", "full_page_writes", "synchronous_commit")
        )
        _run(
            *(folder / "pg_ctl", "start", "--wait", f"--timeout={START_SECONDS:.0f}"),
            *("--pgdata", home, "--log", log, "--options", options),
            cwd=home,
            user=user,
        )
    except subprocess.CalledProcessError as error:
        if home.exists():
            raise start_failure("PostgreSQL", log) from error
        reason = error.stderr.strip().splitlines()[-1:] or [error]
        raise EmbeddedServerError(f"cannot make {home}: {reason[0]}") from error


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


def _server_user(home: Path, folder: Path) -> pwd.struct_passwd:
    """The user that PostgreSQL runs as in place of root, who may reach data and programs.

    Raises:
        EmbeddedServerError: there is no such user, and none can be made.
    """
    if not _has_user():
        made = subprocess.run(
            ["useradd", "--system", SYSTEM_USER], capture_output=True, text=True, check=False
        )
        if not _has_user():  # another process may have made it meanwhile
            raise EmbeddedServerError(
                f"cannot make the user {SYSTEM_USER}, whom PostgreSQL runs as in place of root "
                f"({made.stderr.strip()}): run as another user, or set DATABASE_URL"
            )
    for path in (*home.parents, *folder.parents):
        _allow(path, 0o001)
    # The programs of the wheel and what they read, should root keep new files to itself.
    for path in folder.parent.rglob("*"):
        _allow(path, 0o005 if path.stat().st_mode & 0o100 else 0o004)
    return pwd.getpwnam(SYSTEM_USER)


def _has_user() -> bool:
    return any(user.pw_name == SYSTEM_USER for user in pwd.getpwall())


def _allow(path: Path, permissions: int) -> None:
    mode = path.stat().st_mode
    if mode & permissions != permissions:
        path.chmod(stat.S_IMODE(mode) | permissions)


def _check_version(home: Path, folder: Path) -> None:
    """Raise EmbeddedServerError for data of another major version."""
    ours = major_version(str(folder / "postgres"))
    try:
        its = (home / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return  # no data of any version, which PostgreSQL says itself
    if its != str(ours):
        raise EmbeddedServerError(
            f"{home} holds data of PostgreSQL {its}, and PostgreSQL {ours} is embedded: "
            "delete that folder to begin anew"
        )


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
