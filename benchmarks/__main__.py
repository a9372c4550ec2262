"""`python -m benchmarks NAME [ARGUMENT…]` runs `benchmarks/NAME.py` on its own servers.

Uses the servers of DATABASE_URL and REDIS_URL, and starts embedded ones if these are not set. In
both cases the tables are in a new database, and the keys in Redis have a prefix of their own.
BENCHMARK_DATABASE names a database that is created if it is missing, and kept.
"""

import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg
import redis
from django.core.management import call_command
from psycopg import sql

from gatewayz.development import embedded

MAX_CONNECTIONS = "300"
NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main(arguments: list[str]) -> int:
    """Run the named benchmark. Returns the exit code."""
    if not arguments or arguments[0] not in NAMES:
        print(f"usage: python -m benchmarks {{{','.join(NAMES)}}} [ARGUMENT…]", file=sys.stderr)
        return 2
    # As after Ctrl-C, stop everything that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with _own_data():
        importlib.import_module(f"benchmarks.{arguments[0]}").main(*arguments[1:])
    return 0


@contextmanager
def _own_data() -> Iterator[None]:
    """Set Django up on an empty or a kept database, and an unused prefix in Redis."""
    kept = os.environ.get("BENCHMARK_DATABASE")
    name = kept or f"gatewayz_benchmark_{os.getpid()}"
    servers = _servers()
    try:
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if exists.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            try:
                os.environ.update(
                    servers.environ,
                    DATABASE_URL=urlsplit(servers.database_url)._replace(path=name).geturl(),
                    REDIS_KEY_PREFIX=name,
                    DJANGO_SETTINGS_MODULE="gatewayz.settings",
                    LOG_LEVEL=os.environ.get("LOG_LEVEL", "ERROR"),
                )
                django.setup()
                call_command("migrate", verbosity=0)
                yield
            finally:
                if not kept:
                    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                    connection.execute(drop)
                _forget_keys(servers.redis_url, name)
    finally:
        servers.stop()


def _servers() -> embedded.Servers:
    """Start the servers; an embedded PostgreSQL accepts connections of several services."""
    data_dir = embedded.default_data_dir() / "benchmarks"
    servers = embedded.start(data_dir)
    if "DATABASE_URL" in os.environ:
        return servers
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        row = connection.execute("SHOW max_connections").fetchone()
        if row == (MAX_CONNECTIONS,):
            return servers
        connection.execute(f"ALTER SYSTEM SET max_connections = {MAX_CONNECTIONS}")
    servers.stop()
    return embedded.start(data_dir)


def _forget_keys(url: str, prefix: str) -> None:
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter(f"*{prefix}*", count=1000):
            client.delete(key)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
