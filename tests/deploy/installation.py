"""An installation of several servers and processes, as `deploy/` describes it, on one machine."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import redis

from gatewayz.caching.coherence import LEASE_SECONDS
from gatewayz.development.embedded import postgres_server, redis_server
from tests.ports import free_port
from tests.servers import impatient_environ
from tests.waiting import COMMAND_SECONDS, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]


def program(name: str) -> str:
    """The path of a program; skips the test where there is none."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def server_user() -> str | None:
    """The user for servers that do not run as root; None when we are not root either."""
    return postgres_server.SYSTEM_USER if os.geteuid() == 0 else None


class Answer(NamedTuple):
    status: int
    body: Any


@dataclass(frozen=True)
class Host:
    """Where a process runs: the address of its network, and what puts a command into it."""

    address: str = "127.0.0.1"
    prefix: Sequence[str] = ()


HERE = Host()


class Web:
    """A web process, and how to ask it."""

    def __init__(self, host: Host, port: int, api_key: str) -> None:
        self.host = host
        self.port = port
        self.api_key = api_key

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        api_key: str = "",
        within_seconds: float = 10,
        **headers: str,
    ) -> Answer:
        """Its answer. Raises OSError or HTTPException when there is none."""
        connection = HTTPConnection(self.host.address, self.port, timeout=within_seconds)
        try:
            connection.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {
                    "Authorization": f"Bearer {api_key or self.api_key}",
                    "Content-Type": "application/json",
                    **{name.replace("_", "-"): value for name, value in headers.items()},
                },
            )
            response = connection.getresponse()
            text = response.read()
            is_json = response.headers.get_content_subtype() in {"json", "problem+json"}
            return Answer(response.status, json.loads(text) if is_json else text)
        finally:
            connection.close()

    def create_session(self, title: str = "") -> int | None:
        """The id of a new session; None when it was not promised."""
        try:
            status, body = self.ask("POST", "/v1/chat/sessions", {"title": title} if title else {})
        except (OSError, HTTPException, ValueError):
            return None
        return body["data"]["id"] if status == 201 else None

    def titles(self) -> list[str]:
        """The titles of all sessions, as the list has them."""
        status, body = self.ask("GET", "/v1/chat/sessions?limit=100")
        assert status == 200, body
        return [session["title"] for session in body["data"]]

    def assert_rejects_soon(self, api_key: str) -> None:
        """Assert that a key that has just been revoked is accepted for LEASE_SECONDS at most.

        That is the bound for when Redis has lost the message.
        """
        revoked_at = asked_at = time.monotonic()
        while self.ask("GET", "/v1/chat/stats", api_key=api_key).status != 401:
            assert asked_at < revoked_at + LEASE_SECONDS
            asked_at = time.monotonic()

    def is_healthy(self, within_seconds: float = 10) -> bool:
        try:
            return self.ask("GET", "/healthz", within_seconds=within_seconds).status == 200
        except (OSError, HTTPException):
            return False


class Installation:
    """A new database and the processes that are started on it; `stop()` ends them all.

    A name may be given to each process, to kill it by.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        # Servers that run as another user look in here.
        home.chmod(0o755)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.postgres_home = home / "postgres"
        self.database_url = postgres_server.start(self.postgres_home, durable=False)
        self.environ = {
            **impatient_environ(),
            "DATABASE_URL": self.database_url,
            "GATEWAYZ_DATA_DIR": str(home),
            "LOG_LEVEL": "WARNING",
            "WORKERS": "1",
            "TMPDIR": str(home),
        }
        for name in ("PROMETHEUS_MULTIPROC_DIR", "DATABASE_POOLER", "DATABASE_REPLICA_URL"):
            self.environ.pop(name, None)
        self.manage({}, "migrate", "-v", "0")
        self.api_key = self.manage({}, "create_api_key", "ada@example.com").strip()

    def stop(self) -> None:
        for name in list(self._processes):
            self.kill(name)
        postgres_server.stop(self.postgres_home)

    @property
    def running(self) -> set[str]:
        """The names of the processes that were started and not killed."""
        return set(self._processes)

    @property
    def postgres_socket(self) -> Path:
        """The folder of the socket that PostgreSQL listens on, at postgres_server.PORT."""
        return self.postgres_home

    def manage(self, environ: dict[str, str], *arguments: str, host: Host = HERE) -> str:
        """Run a management command to its end. Returns what it printed."""
        done = subprocess.run(
            [*host.prefix, sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_web(self, name: str, environ: dict[str, str], host: Host = HERE) -> Web:
        """A web process that answers."""
        web = Web(host, free_port(), self.api_key)
        environ = environ | {"PROMETHEUS_MULTIPROC_DIR": str(self.home / f"metrics-{name}")}
        self.start(
            name,
            *(*host.prefix, sys.executable, "-m", "gatewayz.web"),
            *("--host", host.address, "--port", str(web.port), "--log-level", "error"),
            *("--workers", "1"),
            environ=environ,
        )
        wait_until(lambda: self._lives(name) and web.is_healthy())
        return web

    def start_worker(self, name: str, environ: dict[str, str], host: Host = HERE) -> None:
        self.start(name, *host.prefix, sys.executable, "manage.py", "qcluster", environ=environ)

    def start(
        self,
        name: str,
        *command: str,
        environ: dict[str, str] | None = None,
        as_user: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start a process; its output is in the file NAME.log."""
        assert name not in self._processes
        with (self.home / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=self.home if as_user else CHECKOUT,
                env=self.environ | (environ or {}),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=server_user() if as_user else None,
            )
        return self._processes[name]

    def kill(self, name: str, ending: signal.Signals = signal.SIGKILL) -> None:
        """End a process and all its children."""
        process = self._processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
        process.wait()

    def ask_to_end(self, name: str, signal_: signal.Signals) -> subprocess.Popen[bytes]:
        """Send a signal to a process, but not to its children."""
        self._processes[name].send_signal(signal_)
        return self._processes[name]

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text()

    def _lives(self, name: str) -> bool:
        assert self._processes[name].poll() is None, self.log(name)
        return True

    # --- Redis -----------------------------------------------------------------------------------

    def start_redis(self, name: str, *options: str, address: str = "127.0.0.1") -> int:
        """A Redis that keeps nothing on disk. Returns its port."""
        port = free_port()
        self._start_redis(
            *(name, address, port, "--bind", address, "--save", ""),
            *("--protected-mode", "no", *options),
        )
        return port

    def start_sentinel(self, name: str, port: int, configuration: str) -> None:
        """A Sentinel."""
        file = self.home / f"{name}.conf"
        file.write_text(configuration)
        self._start_redis(name, "127.0.0.1", port, configuration=(str(file), "--sentinel"))

    def _start_redis(
        self,
        name: str,
        address: str,
        port: int,
        *options: str,
        configuration: Sequence[str] = (),
    ) -> None:
        folder = self.home / name
        folder.mkdir(exist_ok=True)
        self.start(
            name,
            *(redis_server.binary(), *configuration, "--port", str(port), "--dir", str(folder)),
            *options,
        )
        with redis_server.client(f"redis://{address}:{port}", timeout=1) as client:
            wait_until(lambda: self._lives(name) and _answers(client))

    # --- PostgreSQL ------------------------------------------------------------------------------

    def database(self, url: str = "") -> psycopg.Connection:
        """A connection to the database itself, or to the one at `url`."""
        return psycopg.connect(url or self.database_url, autocommit=True)

    def postgres_program(self, name: str) -> str:
        """The path of a program of the PostgreSQL that runs."""
        with self.database() as connection:
            (server,) = connection.execute(
                "SELECT setting FROM pg_config WHERE name = 'BINDIR'"
            ).fetchone() or ("",)
        return str(Path(server) / name)

    def written(self, session_ids: Sequence[int]) -> Counter[int]:
        """How often the creation of each of the sessions is in the activity log."""
        with self.database() as connection:
            rows = connection.execute(
                "SELECT (metadata->>'session_id')::bigint, count(*) FROM activity_log"
                " WHERE finish_reason = 'session_created'"
                " AND (metadata->>'session_id')::bigint = ANY(%s) GROUP BY 1",
                [list(session_ids)],
            )
            return Counter(dict(rows.fetchall()))


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.AuthenticationError:
        return True
    except redis.RedisError:
        return False


@contextmanager
def network_namespaces(names: Sequence[str]) -> Iterator[dict[str, Host]]:
    """Hosts with networks of their own, at a bridge that this machine, `here`, is at too.

    Raises PermissionError where that is not allowed.
    """
    own = f"gw{os.getpid() % 100_000}"
    subnet = f"10.{100 + os.getpid() // 250 % 150}.{os.getpid() % 250}"
    hosts = {"here": Host(f"{subnet}.1")}
    with ExitStack() as undone:

        def run(arguments: str, undo: str = "") -> None:
            _ip(arguments)
            if undo:
                undone.callback(_ip, undo)

        run(f"link add {own} type bridge", undo=f"link del {own}")
        run(f"address add {subnet}.1/24 dev {own}")
        run(f"link set {own} up")
        for number, name in enumerate(names, start=2):
            space, inside, outside = f"{own}-{name}", f"{own}i{number}", f"{own}o{number}"
            run(f"netns add {space}", undo=f"netns del {space}")
            run(
                f"link add {outside} type veth peer name {inside} netns {space}",
                undo=f"link del {outside}",
            )
            run(f"link set {outside} master {own} up")
            run(f"-n {space} address add {subnet}.{number}/24 dev {inside}")
            run(f"-n {space} link set {inside} up")
            run(f"-n {space} link set lo up")
            hosts[name] = Host(f"{subnet}.{number}", ("ip", "netns", "exec", space))
        yield hosts


def _ip(arguments: str) -> None:
    """Run `ip`. Raises PermissionError when there is none, or it fails."""
    try:
        subprocess.run(["ip", *arguments.split()], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise PermissionError("needs ip, of iproute2") from error
    except subprocess.CalledProcessError as error:
        raise PermissionError(error.stderr.strip()) from error


def own_to_server_user(path: Path) -> None:
    """Give a folder to the user that servers run as."""
    user = server_user()
    if user:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
