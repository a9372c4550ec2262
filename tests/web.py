"""A real web process, as it runs in production, for tests that look at it from outside."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from gatewayz.run import web_command
from tests.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parents[1]


@contextmanager
def web_process(**environ: str) -> Iterator[int]:
    """Granian on the database and the Redis of the tests; the port that it listens on.

    `environ` may change its settings. It sees what is committed: a test that gives it rows to
    find needs `@pytest.mark.django_db(transaction=True)`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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


def _test_database_url() -> str:
    given = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(given._replace(path=f"/{connection.settings_dict['NAME']}"))


def _is_up(port: int) -> bool:
    probe = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        probe.request("GET", "/healthz")
        return probe.getresponse().status == 200
    except OSError:
        return False
    finally:
        probe.close()
