"""The supervisor behind `make run`: starts servers, schema, demo account, web and worker.

It does not load Django; every step that needs it is a process of its own.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import psutil
import psycopg
import redis

from gatewayz.development import embedded
from gatewayz.development.embedded import redis_server
from gatewayz.web.runtime_dir import RuntimeDirError, runtime_dir

CHECKOUT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(CHECKOUT / "manage.py")]

ANSWER_SECONDS = 3  # for the PostgreSQL or Redis of the environment to answer
READY_SECONDS = 60.0  # for the web process to answer
STOP_SECONDS = 10.0  # for web and worker to finish their work
POLL_SECONDS = 0.05


class RunError(Exception):
    """The service cannot run; the text is one line that says what to do."""


class StopRequested(Exception):  # noqa: N818, stopping is not an error
    """Someone pressed Ctrl-C or asked this process to end."""


class StopRequest:
    """Remembers that a stop was requested, so that no step is interrupted half-way."""

    def __init__(self) -> None:
        self.made = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._make)

    def _make(self, *_: object) -> None:
        self.made = True

    def check(self) -> None:
        """Raise StopRequested if a stop was requested."""
        if self.made:
            raise StopRequested

    def pause(self) -> None:
        """Wait a moment, then `check()`."""
        time.sleep(POLL_SECONDS)
        self.check()


@dataclass
class Processes:
    """The long-running processes, each in its own group so that Ctrl-C does not reach it."""

    environ: dict[str, str]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: list[str], **environ: str) -> None:
        """Start a process; `name` appears in messages, `environ` applies to it alone."""
        self._running[name] = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**environ, **self.environ},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def check(self) -> None:
        """Raise RunError if one has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise RunError(
                    f"the {name} process has ended (code {process.returncode}): see its log above"
                )

    def stop(self) -> None:
        """Let each process finish its work, and kill the rest after STOP_SECONDS."""
        for process in self._running.values():
            process.terminate()  # only the group's leader, which ends the others
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            with suppress(ProcessLookupError, PermissionError):  # no such group any more
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main() -> int:
    """Run the service until it is asked to stop.

    Returns:
        The exit code: 0 after Ctrl-C or SIGTERM, 1 when the service cannot run or a part of it
        has ended; one line on stderr then says what to do.
    """
    stop = StopRequest()
    host = os.environ.get("GRANIAN_HOST") or "127.0.0.1"
    try:
        port = _port()
        with _reserved(host, port):
            _run(stop, host, port)
    except StopRequested:
        return 0
    except (RunError, RuntimeDirError, embedded.EmbeddedServerError) as error:
        if stop.made:  # Ctrl-C may have interrupted the creation of a database
            return 0
        print(f"gatewayz: {error}", file=sys.stderr)
        return 1
    return 0


def _run(stop: StopRequest, host: str, port: int) -> None:
    for name, answers in (("DATABASE_URL", _check_postgres), ("REDIS_URL", _check_redis)):
        if os.environ.get(name):
            answers(os.environ[name])
    data_dir = embedded.default_data_dir().resolve()
    servers = embedded.start(data_dir)
    try:
        environ = {
            **os.environ,
            **servers.environ,
            "GATEWAYZ_DATA_DIR": str(data_dir),
            # For links in e-mails, unless it is set.
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or _url(host, port),
        }
        _manage(stop, environ, "migrate", "--noinput", "-v", "0")
        processes = Processes(environ)
        try:
            processes.start("worker", [*MANAGE, "qcluster"])
            processes.start(
                "web",
                web_command(host, str(port)),
                # By port, because another `make run` may share the data.
                PROMETHEUS_MULTIPROC_DIR=str(data_dir / f"metrics-{port}"),
            )
            demo = json.loads(_manage(stop, environ, "seed_demo"))
            _await_web(stop, processes, host, port)
            print(_banner(host, port, demo, data_dir), flush=True)
            while True:
                stop.pause()
                processes.check()
        finally:
            processes.stop()
    finally:
        servers.stop()


# --- Port --------------------------------------------------------------------------------------


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise RunError(f"PORT is {text!r}: set it to a number from 1 to 65535")
    return int(text)


@contextmanager
def _reserved(host: str, port: int) -> Iterator[None]:
    """Check that the port is free, and reserve it among this user's supervisors.

    The web process itself would not notice a conflict: granian shares its port with every other
    granian of the same user.

    Raises:
        RunError: the port cannot be listened on.
    """
    in_use = (
        f"port {port} is in use{_listener(port)}: "
        f"stop that program or run PORT={port + 1 if port < 65535 else 8000} make run"
    )
    with (runtime_dir() / f"port-{port}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen()
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EWOULDBLOCK):
                raise RunError(in_use) from error
            raise RunError(
                f"cannot listen on {host}, port {port} ({error.strerror}): "
                "set PORT or GRANIAN_HOST to what this machine has"
            ) from error
        yield


def _listener(port: int) -> str:
    """Name the program that listens on the port, for a message; "" if this user may not know."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,)
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


# --- Servers of the environment -----------------------------------------------------------------


def _check_postgres(url: str) -> None:
    """Raise RunError, without the URL's password in it, if the server does not answer."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    try:
        parts = urlsplit(url)
        if "@" in parts.path + parts.fragment:
            raise ValueError
        address = {
            "host": parts.hostname,
            "port": parts.port,
            "user": parts.username and unquote(parts.username),
            "password": parts.password and unquote(parts.password),
            "dbname": unquote(parts.path[1:]),
        } | {name: value for name, value in parse_qsl(parts.query) if name in known}
    except ValueError:
        # Not chained, because the error quotes the wrong part of the URL.
        raise RunError(
            "DATABASE_URL is not of the form postgresql://user:password@host:port/name: "
            "percent-encode special characters"
        ) from None
    given = {name: value for name, value in address.items() if value}
    given["connect_timeout"] = ANSWER_SECONDS
    try:
        psycopg.connect(psycopg.conninfo.make_conninfo("", **given)).close()
    except psycopg.Error as error:
        raise _no_answer("PostgreSQL", "DATABASE_URL", error) from error


def _check_redis(url: str) -> None:
    """Raise RunError, without the URL's password in it, if the server does not answer."""
    try:
        client = redis_server.client(url, ANSWER_SECONDS)
    except ValueError:
        raise RunError(
            "REDIS_URL is not of the form redis://:password@host:port/0: "
            "percent-encode special characters"
        ) from None
    try:
        client.ping()
    except redis.RedisError as error:
        raise _no_answer("Redis", "REDIS_URL", error) from error
    finally:
        client.close()


def _no_answer(server: str, variable: str, error: Exception) -> RunError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return RunError(
        f"the {server} of {variable} does not answer ({reason}): "
        f"start it, or unset {variable} to use an embedded one"
    )


# --- Django ------------------------------------------------------------------------------------


def _manage(stop: StopRequest, environ: dict[str, str], *arguments: str) -> str:
    """Run a management command to its end.

    Returns:
        Its output on stdout.

    Raises:
        RunError: it failed; what it printed on stderr says why.
        StopRequested: it was ended early.
    """
    process = subprocess.Popen(
        [*MANAGE, *arguments],
        cwd=CHECKOUT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # only the supervisor handles Ctrl-C
    )
    with process:
        while True:
            try:
                output, _ = process.communicate(timeout=POLL_SECONDS)
            except subprocess.TimeoutExpired:
                try:
                    stop.check()
                except StopRequested:
                    process.terminate()
                    raise
            else:
                break
    stop.check()
    if process.returncode:
        raise RunError(f"`manage.py {arguments[0]}` has failed: see its error above")
    return output


def web_command(host: str, port: str) -> list[str]:
    """The command that serves the API."""
    return [sys.executable, "-m", "gatewayz.web", "--host", host, "--port", port]


def _await_web(stop: StopRequest, processes: Processes, host: str, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _is_healthy(host, port):
        stop.pause()
        processes.check()
        if time.monotonic() > deadline:
            raise RunError(
                f"the web process does not answer within {READY_SECONDS:.0f} s: see its log above"
            )


def _is_healthy(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104, not bound to
    connection = HTTPConnection(reachable, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _banner(host: str, port: int, demo: dict[str, str], data_dir: Path) -> str:
    url = _url(host, port)
    # Commands in other terminals find the servers by it.
    given = os.environ.get("GATEWAYZ_DATA_DIR")
    environ = f"GATEWAYZ_DATA_DIR={shlex.quote(str(data_dir))} " if given else ""
    return f"""
Gatewayz listens on {url}

  API      {url}/docs
  Admin    {url}/admin/   e-mail {demo["email"]}   password {demo["password"]}
  API key  {demo["api_key"]}

Create a chat session, from another terminal:

curl -i {url}/v1/chat/sessions -H "Authorization: Bearer {demo["api_key"]}" \
-H "Content-Type: application/json" -d '{{"title": "Hello"}}'

Another key: {environ}.venv/bin/python manage.py create_api_key you@example.com
Ctrl-C stops everything.
"""


if __name__ == "__main__":
    sys.exit(main())
