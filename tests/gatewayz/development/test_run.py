"""`python -m gatewayz.development.run`, the command behind `make run`, with every process real."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.gatewayz.processes import (
    CHECKOUT,
    living,
    only_line,
    private_environ,
    run_module,
    server_processes,
    without_redis,
)
from tests.ports import free_port
from tests.waiting import WAIT_SECONDS, wait_until

PASSWORD = "s3cret-and-long"


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    with private_environ() as environ:
        yield environ | {"PORT": str(free_port())}


@pytest.fixture(scope="module")
def lasting_data() -> Iterator[dict[str, str]]:
    """One data folder for tests that need none of their own: a new one takes seconds to make."""
    with private_environ() as environ:
        yield environ


@pytest.fixture
def lasting(lasting_data: dict[str, str]) -> dict[str, str]:
    """An environment with the data folder that the service of an earlier test may have used."""
    return lasting_data | {"PORT": str(free_port())}


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal(environ: dict[str, str]) -> str:
    """The one line with which `run` says why it does not serve; nothing else may have begun."""
    result = run_module("gatewayz.development.run", environ=environ)
    assert result.returncode == 1
    assert result.stdout == ""
    assert list(Path(environ["GATEWAYZ_DATA_DIR"]).glob("*/*.pid")) == []
    return only_line(result.stderr)


# --- What keeps it from running ----------------------------------------------------------------


def test_a_port_in_use_is_named_with_its_program_and_a_free_port(environ: dict[str, str]) -> None:
    with silent_server() as port:
        line = refusal(environ | {"PORT": str(port)})

    name = re.escape(psutil.Process().name())
    assert re.fullmatch(
        rf"gatewayz: port {port} is in use by {name} \(pid \d+\): "
        r"stop that program or run PORT=\d+ make run",
        line,
    )


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_an_invalid_port_is_rejected(environ: dict[str, str], port: str) -> None:
    assert refusal(environ | {"PORT": port}) == (
        f"gatewayz: PORT is {port!r}: set it to a number from 1 to 65535"
    )


def test_a_host_of_another_machine_is_rejected(environ: dict[str, str]) -> None:
    # An address for documentation, which no machine has.
    line = refusal(environ | {"GRANIAN_HOST": "192.0.2.1"})

    assert line.startswith("gatewayz: cannot listen on 192.0.2.1")
    assert line.endswith("set PORT or GRANIAN_HOST to what this machine has")


@pytest.mark.parametrize(
    ("variable", "url", "server"),
    [
        ("DATABASE_URL", "postgresql://ada:{password}@127.0.0.1:{port}/gatewayz", "PostgreSQL"),
        ("REDIS_URL", "redis://:{password}@127.0.0.1:{port}/0", "Redis"),
    ],
)
class TestGivenServers:
    def test_that_is_not_there(
        self, environ: dict[str, str], variable: str, url: str, server: str
    ) -> None:
        line = refusal(environ | {variable: url.format(password=PASSWORD, port=free_port())})

        assert line.startswith(f"gatewayz: the {server} of {variable} does not answer (")
        assert line.endswith(f"start it, or unset {variable} to use an embedded one")
        assert PASSWORD not in line

    def test_that_never_answers(
        self, environ: dict[str, str], variable: str, url: str, server: str
    ) -> None:
        with silent_server() as port:
            line = refusal(environ | {variable: url.format(password=PASSWORD, port=port)})

        assert line.startswith(f"gatewayz: the {server} of {variable} does not answer (")
        assert PASSWORD not in line

    def test_with_a_url_that_is_not_encoded(
        self, environ: dict[str, str], variable: str, url: str, server: str
    ) -> None:
        line = refusal(environ | {variable: url.format(password=f"{PASSWORD}/#", port=1)})

        assert line.startswith(f"gatewayz: {variable} is not of the form ")
        assert PASSWORD not in line


def test_without_a_redis_program_one_line_says_what_to_do(
    environ: dict[str, str], tmp_path: Path
) -> None:
    assert "install valkey-server or redis-server, or set REDIS_URL" in refusal(
        without_redis(environ, tmp_path)
    )


# --- When it runs ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Service:
    """A running service, as its banner describes it."""

    supervisor: subprocess.Popen[str]
    environ: dict[str, str]
    banner: str

    @property
    def curl(self) -> list[str]:
        line = next(line for line in self.banner.splitlines() if line.startswith("curl "))
        return shlex.split(line)

    @property
    def api_key(self) -> str:
        return self.curl[self.curl.index("-H") + 1].removeprefix("Authorization: Bearer ")

    def processes(self) -> list[psutil.Process]:
        """The supervisor, all that it has started, and the servers."""
        supervisor = psutil.Process(self.supervisor.pid)
        return [
            supervisor,
            *supervisor.children(recursive=True),
            *server_processes(self.environ["GATEWAYZ_DATA_DIR"]),
        ]

    def part(self, name: str) -> psutil.Process:
        """The first process of the web (`gatewayz.web`) or the worker (`qcluster`)."""
        children = psutil.Process(self.supervisor.pid).children()
        return next(child for child in children if name in child.cmdline())

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", int(self.environ["PORT"]), timeout=WAIT_SECONDS)
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body and json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal and wait: the exit code and what stood on stderr; nothing may be left."""
        processes = self.processes()
        self.supervisor.send_signal(number)
        return self.after_end(processes)

    def after_end(self, processes: list[psutil.Process]) -> tuple[int, str]:
        _, stderr = self.supervisor.communicate(timeout=WAIT_SECONDS)
        assert living(processes) == []
        assert not Path(self.environ["GATEWAYZ_DATA_DIR"], "servers.env").exists()
        return self.supervisor.returncode, stderr


@contextmanager
def serving(environ: dict[str, str]) -> Iterator[Service]:
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "gatewayz.development.run"],
        cwd=CHECKOUT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with supervisor:
        try:
            yield Service(supervisor, environ, read_banner(supervisor))
        finally:
            supervisor.terminate()  # does nothing when it has ended


def read_banner(supervisor: subprocess.Popen[str]) -> str:
    assert supervisor.stdout
    lines = []
    for line in supervisor.stdout:
        lines.append(line)
        if line == "Ctrl-C stops everything.\n":
            return "".join(lines)
    _, stderr = supervisor.communicate()
    raise AssertionError(f"ended before its banner: {lines} {stderr}")


def test_the_service_runs_from_banner_to_ctrl_c_and_keeps_its_data(
    environ: dict[str, str],
) -> None:
    with serving(environ) as service:
        base = f"http://127.0.0.1:{environ['PORT']}"
        assert f"listens on {base}\n" in service.banner
        assert f"{base}/admin/   e-mail demo@example.com   password " in service.banner
        assert f"{base}/docs\n" in service.banner
        # Where another terminal finds the same servers.
        folder = Path(environ["GATEWAYZ_DATA_DIR"]).resolve()
        assert f"Another key: GATEWAYZ_DATA_DIR={folder} .venv/bin/python " in service.banner
        assert service.request("GET", "/healthz") == (200, {"status": "ok"})

        program, _, url, *options = service.curl
        assert (program, url) == ("curl", f"{base}/v1/chat/sessions")
        body = json.loads(options[options.index("-d") + 1])
        status, created = service.request("POST", "/v1/chat/sessions", body)
        assert status == 201
        await_activity(environ, session_id=created["data"]["id"])

        code, stderr = service.end(signal.SIGINT)
        assert code == 0
        assert "Python threads" not in stderr  # granian's advice against what is meant

    with serving(environ) as again:
        assert again.api_key == service.api_key
        session_id = created["data"]["id"]
        status, read = again.request("GET", f"/v1/chat/sessions/{session_id}")
        assert (status, read["data"]["title"]) == (200, body["title"])

        assert again.end(signal.SIGTERM)[0] == 0


def await_activity(environ: dict[str, str], session_id: int) -> None:
    """Wait until the worker has written the entry of a created session."""
    lines = Path(environ["GATEWAYZ_DATA_DIR"], "servers.env").read_text().splitlines()
    urls = dict(line.split("=", 1) for line in lines)
    query = "SELECT count(*) FROM activity_log WHERE metadata->>'session_id' = %s"
    with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection:
        wait_until(lambda: connection.execute(query, [str(session_id)]).fetchone() == (1,))


@pytest.mark.parametrize("part", ["gatewayz.web", "qcluster"])
def test_when_a_process_dies_everything_ends_with_an_error(
    lasting: dict[str, str], part: str
) -> None:
    with serving(lasting) as service:
        processes = service.processes()
        service.part(part).kill()

        code, stderr = service.after_end(processes)

    name = {"gatewayz.web": "web", "qcluster": "worker"}[part]
    assert code == 1
    assert stderr.splitlines()[-1] == (
        f"gatewayz: the {name} process has ended (code -9): see its log above"
    )


def test_a_port_of_another_supervisor_is_reported_as_in_use(lasting: dict[str, str]) -> None:
    with serving(lasting) as service, private_environ() as other:
        assert f"port {lasting['PORT']} is in use" in refusal(other | {"PORT": lasting["PORT"]})

        assert service.end(signal.SIGHUP)[0] == 0


def test_a_signal_during_the_start_leaves_no_process(environ: dict[str, str]) -> None:
    data_dir = Path(environ["GATEWAYZ_DATA_DIR"])
    with subprocess.Popen(
        [sys.executable, "-m", "gatewayz.development.run"], cwd=CHECKOUT, env=environ, text=True
    ) as supervisor:
        wait_until(lambda: (data_dir / "servers.env").exists() or supervisor.poll() is not None)
        processes = server_processes(str(data_dir))
        supervisor.send_signal(signal.SIGINT)

        assert supervisor.wait(WAIT_SECONDS) == 0

    assert len(processes) == 2
    assert living(processes) == []
