"""A database of the old service, and the service that takes it over."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.gatewayz.processes import CHECKOUT
from tests.waiting import wait_until

OLD_SERVICE = Path(__file__).with_name("old_service.sql").read_text()


class OldDatabase:
    """A database of its own on the tests' server."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        self.environ = os.environ | {
            "DATABASE_URL": self.url,
            "LOG_LEVEL": "WARNING",
        }

    def rows(self, statement: str, *parameters: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *parameters: Any) -> Any:
        (row,) = self.rows(statement, *parameters)
        (value,) = row.values()
        return value

    def adopt(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "adopt", *options],
            cwd=CHECKOUT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def adopt_killed_when(self, true: Callable[[], Any]) -> None:
        """Start an adoption, and kill it (`kill -9`) as soon as `true()` holds."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "adopt"],
            cwd=CHECKOUT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: true() or process.poll() is not None)
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"


@contextmanager
def database(name: str, sql: str) -> Iterator[OldDatabase]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            old = OldDatabase(name)
            old.rows("SET timezone = 'UTC'; " + sql)
            yield old
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def old() -> Iterator[OldDatabase]:
    """A database in the old service's shape."""
    with database(f"old_service_{os.getpid()}", OLD_SERVICE) as old:
        yield old
