"""A private PostgreSQL and Redis for `make run` and `make test`, from wheels, without Django.

Both listen on unix sockets only and keep their data in one folder. Any number of commands may
share the servers of a folder. Each holds a shared file lock while it uses them, and the last one
stops them, including servers that a killed command has left running.

`python -m gatewayz.development.embedded COMMAND…` runs a command while the servers run. As root,
this creates the system user `pgserver`, runs PostgreSQL as that user, and lets it pass through
every folder above the data and the wheel.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from gatewayz.development.embedded import postgres_server, redis_server
from gatewayz.development.embedded.processes import EmbeddedServerError

__all__ = ["EmbeddedServerError", "Servers", "default_data_dir", "start"]

SERVERS_ENV = "servers.env"


@dataclass(frozen=True)
class Servers:
    """The two servers to use: those of the environment, or embedded ones in `data_dir`."""

    database_url: str
    redis_url: str
    data_dir: Path
    _lease: IO[str] | None = field(default=None, repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with which a process finds these servers."""
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
    """Return the folder for data: `GATEWAYZ_DATA_DIR`, else `.gatewayz` in the checkout."""
    given = os.environ.get("GATEWAYZ_DATA_DIR")
    return Path(given) if given else Path(__file__).resolve().parents[3] / ".gatewayz"


def start(data_dir: Path, *, durable: bool = True) -> Servers:
    """Start the servers that the environment does not name, or use those running in `data_dir`.

    Args:
        data_dir: the folder for the data, created if missing; `servers.env` in it names the
            servers while they run. Not touched when DATABASE_URL and REDIS_URL are both set.
        durable: False trades crash safety for speed, for data that nobody needs (tests).

    Returns:
        The servers, which answer. The caller must `stop()` them.

    Raises:
        EmbeddedServerError: a server cannot be started.
    """
    given = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL")}
    data_dir = data_dir.resolve()
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
                except BaseException:  # after Ctrl-C too, leave nothing running
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
        embedded["DATABASE_URL"] = postgres_server.start(data_dir / "postgres", durable=durable)
    if "REDIS_URL" not in given:
        embedded["REDIS_URL"] = redis_server.start(data_dir / "redis", durable=durable)
    lines = [f"{name}={url}\n" for name, url in sorted(embedded.items())]
    (data_dir / SERVERS_ENV).write_text("".join(lines))
    return given | embedded


def _release(lease: IO[str], data_dir: Path) -> None:
    """Give up a share of the servers, and stop them if it was the last one."""
    with lease:
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # in use; the last user stops them
        (data_dir / SERVERS_ENV).unlink(missing_ok=True)
        postgres_server.stop(data_dir / "postgres")
        redis_server.stop(data_dir / "redis")


@contextmanager
def _exclusively(data_dir: Path) -> Iterator[None]:
    """Let only one process at a time start or stop the servers of a folder."""
    with (data_dir / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
