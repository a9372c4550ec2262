"""The web processes share new connections, and those of a process that ends."""

import os
import re
import signal
import socket
import subprocess
from collections import Counter
from pathlib import Path

import psutil
import pytest

from gatewayz.development.run import web_command
from tests.gatewayz.processes import living, start_method_environ
from tests.waiting import wait_until
from tests.web import CHECKOUT, answered_by, web_process

pytestmark = pytest.mark.django_db(transaction=True)

CONNECTIONS = 64  # all at one of two processes by chance: once in 2^63 runs
LISTEN = "0A"  # in /proc/net/tcp
SIGTERM_BIT = 1 << signal.SIGTERM - 1


@pytest.fixture(
    params=[
        "fork",  # Linux before Python 3.14
        pytest.param("spawn", marks=pytest.mark.long),  # macOS
        pytest.param("forkserver", marks=pytest.mark.long),  # Linux since Python 3.14
    ]
)
def start_method(request, tmp_path):
    """The environment of a process whose Python starts its children by this method."""
    return start_method_environ(request.param, tmp_path)


@pytest.fixture
def port(start_method):
    with web_process(GRANIAN_WORKERS="2", **start_method) as port:
        wait_until(lambda: listening(port) == 2)
        yield port


def listening(port):
    """How many sockets at `port` take connections."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == LISTEN for row in rows)


def test_concurrent_connections_are_distributed(port):
    answered = answered_by(port, CONNECTIONS)

    assert len(answered) == 2
    assert sum(answered.values()) == CONNECTIONS


def test_the_other_process_serves_until_a_killed_one_is_replaced(port):
    killed, other = answered_by(port, CONNECTIONS)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: listening(port) == 1)

    meanwhile = answered_by(port, CONNECTIONS)
    wait_until(lambda: listening(port) == 2)
    afterwards = answered_by(port, CONNECTIONS)

    assert meanwhile.keys() <= {other, *afterwards}
    assert sum(meanwhile.values()) == CONNECTIONS
    assert len(afterwards) == 2
    assert killed not in afterwards


def test_a_loading_process_ends_on_a_signal(tmp_path, start_method):
    log = tmp_path / "web.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            web_command("127.0.0.1", "0"),
            cwd=CHECKOUT,
            env=os.environ | start_method,
            stderr=output,
        )
    wait_until(psutil.Process(server.pid).children)

    server.terminate()

    assert server.wait() == 0
    assert "Killing" not in log.read_text()


@pytest.mark.parametrize("mode", ["auto", "2"])
def test_http_2_cannot_be_enabled(mode):
    ended = subprocess.run(
        [*web_command("127.0.0.1", "0"), "--http", mode],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 1
    assert "HTTP/2" in ended.stderr + ended.stdout


def test_only_one_thread_of_a_process_receives_sigterm(port):
    for pid in answered_by(port, CONNECTIONS):
        states = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
        held_back = [int(re.search(r"SigBlk:\t(\w+)", state)[1], 16) for state in states]
        assert sum(not held & SIGTERM_BIT for held in held_back) == 1
        assert len(states) > 2


def test_processes_end_when_their_parent_was_killed(port):
    (parent,) = {psutil.Process(pid).ppid() for pid in answered_by(port, CONNECTIONS)}

    os.kill(parent, signal.SIGKILL)

    wait_until(lambda: listening(port) == 0)


# Granian waits for a client as long as this, and for a body without end.
HEADER_READ_TIMEOUT_SECONDS = 60
HALF = {
    "nothing": b"",
    "half of a request line": b"GET /hea",
    "half of its headers": b"GET /healthz HTTP/1.1\r\nHost: testserver\r\nX-A",
    "half of its body": b"POST /v1/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
}


@pytest.mark.parametrize("sent", HALF.values(), ids=HALF.keys())
def test_an_idle_client_does_not_keep_a_process_from_ending(sent):
    with web_process(
        REQUEST_DEADLINE_SECONDS="1",
        GRANIAN_WORKERS_KILL_TIMEOUT="600",
        GRANIAN_HTTP1_HEADER_READ_TIMEOUT=str(HEADER_READ_TIMEOUT_SECONDS * 1000),
    ) as port:
        (pid,) = answered_by(port)
        process = psutil.Process(pid)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(sent)
            wait_until(lambda: len(connections_at(process, port)) == 1)

            process.terminate()

            wait_until(lambda: living([process]) == [], HEADER_READ_TIMEOUT_SECONDS / 2)


def connections_at(process, port):
    """The connections at `port` that a process has accepted."""
    return [
        connection
        for connection in process.net_connections("tcp4")
        if connection.laddr.port == port and connection.status == psutil.CONN_ESTABLISHED
    ]


@pytest.fixture
def two_cpus():
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("needs two CPUs")
    two = set(sorted(allowed)[:2])
    os.sched_setaffinity(0, two)
    yield two
    os.sched_setaffinity(0, allowed)


def cpus_of(pid):
    """The CPUs that a process may use, if that is the same for all its threads."""
    (cpus,) = {
        frozenset(os.sched_getaffinity(int(path.name)))
        for path in Path(f"/proc/{pid}/task").iterdir()
    }
    return cpus


def test_with_a_process_for_each_cpu_each_is_bound_to_one(two_cpus, port):
    assert Counter(cpus_of(pid) for pid in answered_by(port, CONNECTIONS)) == {
        frozenset({cpu}): 1 for cpu in two_cpus
    }


def test_fewer_processes_than_cpus_are_not_bound(two_cpus):
    with web_process(GRANIAN_WORKERS="1") as port:
        (pid,) = answered_by(port, CONNECTIONS)

        assert cpus_of(pid) == two_cpus
