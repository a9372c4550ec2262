"""The web processes share what comes, and what one of them leaves."""

import os
import signal
from collections import Counter
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from tests.faults.service import wait_until
from tests.web import web_process

pytestmark = pytest.mark.django_db(transaction=True)

CONNECTIONS = 64  # all at one of two processes by chance: once in 2^63 runs
LISTEN = "0A"  # in /proc/net/tcp


@pytest.fixture
def port():
    with web_process(GRANIAN_WORKERS="2") as port:
        wait_until(lambda: listening(port) == 2)
        yield port


def listening(port):
    """How many sockets at `port` take connections."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == LISTEN for row in rows)


def answered_by(port):
    """How many of CONNECTIONS, opened at once and each answered, every process has."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", port, timeout=10)))
            for _ in range(CONNECTIONS)
        ]
        for client in clients:
            client.connect()
        for client in clients:
            client.request("GET", "/healthz")
            answer = client.getresponse()
            assert answer.status == 200
            answer.read()
        return Counter(
            connection.pid
            for connection in psutil.net_connections("tcp4")
            if connection.laddr.port == port
            and connection.status == psutil.CONN_ESTABLISHED
            and connection.pid
        )


def test_connections_that_come_at_once_are_shared(port):
    answered = answered_by(port)

    assert len(answered) == 2
    assert sum(answered.values()) == CONNECTIONS


def test_what_a_killed_process_would_have_got_goes_to_the_other_until_it_is_replaced(port):
    killed, other = answered_by(port)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: listening(port) == 1)

    meanwhile = answered_by(port)
    wait_until(lambda: listening(port) == 2)
    afterwards = answered_by(port)

    assert meanwhile.keys() <= {other, *afterwards}
    assert sum(meanwhile.values()) == CONNECTIONS
    assert len(afterwards) == 2
    assert killed not in afterwards
