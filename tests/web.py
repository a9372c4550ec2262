"""A real web process, as it runs in production, for tests that look at it from outside."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
from django.db import connection

from gatewayz.development.run import web_command
from tests.ports import free_port
from tests.waiting import WAIT_SECONDS, wait_until

CHECKOUT = Path(__file__).resolve().parents[1]


@contextmanager
def web_process(**environ: str) -> Iterator[int]:
    """Granian on the database and the Redis of the tests; the port that it listens on.

    `environ` may change its settings. It sees what is committed: a test that gives it rows to
    find needs `@pytest.mark.django_db(transaction=True)`.
    """
    port = free_port()
    process = subprocess.Popen(
        web_command("127.0.0.1", str(port)),
        cwd=CHECKOUT,
        env={
            **os.environ,
            "GRANIAN_WORKERS": "1",
            "DATABASE_URL": _test_database_url(),
            "LOG_LEVEL": "CRITICAL",
            **environ,
        },
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _is_up(port))
        yield port
    finally:
        process.terminate()
        process.wait()


def answered_by(port: int, connections: int = 1) -> Counter[int]:
    """How many of `connections`, opened together and each answered, every process has."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)))
            for _ in range(connections)
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


def database_environ() -> dict[str, str]:
    """The environment of a command that works on the database of the tests."""
    environ = {name: text for name, text in os.environ.items() if name != "DATABASE_POOL_SIZE"}
    return environ | {"DATABASE_URL": _test_database_url()}


def _test_database_url() -> str:
    given = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(given._replace(path=f"/{connection.settings_dict['NAME']}"))


def _is_up(port: int) -> bool:
    probe = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
    try:
        probe.request("GET", "/healthz")
        return probe.getresponse().status == 200
    except OSError:
        return False
    finally:
        probe.close()
