"""Runs contenders, and measures their use of CPU and memory."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

import psutil

from benchmarks.contenders import OURS, Contender
from gatewayz.development import embedded

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOGS = embedded.default_data_dir() / "benchmarks" / "logs"


@dataclass
class Running:
    """A contender that answers at `port`."""

    contender: Contender
    port: int
    api_key: str
    web: psutil.Process
    environ: dict[str, str]
    log: IO[bytes]

    def cpu_seconds(self) -> float:
        """The CPU time of its web processes so far, in user and kernel mode.

        A gateway to the database is part of that, as the database is, and not counted.
        """
        times = [process.cpu_times() for process in self._processes()]
        return sum(time.user + time.system for time in times)

    def memory_mb(self) -> float:
        """The private memory of its web processes."""
        return sum(process.memory_full_info().uss for process in self._processes()) / 1e6

    def _processes(self) -> list[psutil.Process]:
        return [self.web, *self.web.children(recursive=True)]

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run its worker, if it has one, during the block."""
        if not self.contender.worker:
            yield
            return
        with _process([sys.executable, *self.contender.worker], self.environ, self.log):
            yield


@contextmanager
def running(
    contenders: Sequence[Contender],
    keys: dict[str, str],
    *,
    database_url: str,
    processes: int,
    threads: int,
) -> Iterator[list[Running]]:
    """Run the web processes of `contenders`; their logs are in the folder LOGS.

    `keys` are API keys by the contender's name.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        started = []
        for contender in contenders:
            environ = environ_of(contender, database_url, processes)
            port = _free_port()
            log = stack.enter_context((LOGS / f"{contender.name}.log").open("wb"))
            if contender.gateway:
                environ["POSTGREST_PORT"] = str(_free_port())
                gateway = [sys.executable, *contender.gateway]
                stack.enter_context(_process(gateway, environ, log))
            command = contender.web_command(port, processes, threads)
            web = stack.enter_context(_process(command, environ, log))
            key = keys[contender.name]
            started.append(Running(contender, port, key, psutil.Process(web.pid), environ, log))
        for one in started:
            _wait_until_up(one)
        yield started


def environ_of(contender: Contender | None, database_url: str, processes: int) -> dict[str, str]:
    """The environment of a contender; ours has everything switched on as in production."""
    from django.conf import settings

    environ = {
        **os.environ,
        "DATABASE_URL": database_url,
        "SECRET_KEY": settings.SECRET_KEY,
        "KEY_PEPPERS": settings.KEY_PEPPERS[0].decode(),
        "LOG_LEVEL": "INFO",
        "PYTHONPATH": str(CHECKOUT),
    }
    if contender is OURS:
        environ |= {
            "GATEWAYZ_ENV": "production",
            "ALLOWED_HOSTS": "127.0.0.1",
            "GRANIAN_WORKERS": str(processes),
        }
    return environ


@contextmanager
def _process(
    command: list[str], environ: dict[str, str], log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_up(one: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = HTTPConnection("127.0.0.1", one.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        if time.monotonic() > deadline or not one.web.is_running():
            sys.exit(f"{one.contender.name} does not answer: see {one.log.name}")
        time.sleep(0.1)
