"""Metrics of several processes: added up, kept when one dies, and in a bounded number of files."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import pytest

from tests.gatewayz.processes import CHECKOUT
from tests.gatewayz.telemetry.metrics.scrapes import Scrape
from tests.ports import free_port
from tests.waiting import WAIT_SECONDS, wait_until

TOKEN = "a-token-of-prometheus"


class Web:
    """Granian with two workers, which needs neither database nor Redis for what is asked here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        options = ("--interface", "wsgi", "--port", str(self.port), "--workers", "2")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", *options, "--no-ws", "--log-level", "error"),
                *("--respawn-failed-workers", "gatewayz.wsgi:application"),
            ],
            cwd=CHECKOUT,
            env=os.environ
            | {
                "PROMETHEUS_MULTIPROC_DIR": str(folder),
                "METRICS_TOKEN": TOKEN,
                "LOG_LEVEL": "CRITICAL",
            },
            start_new_session=True,
        )

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def get(self, path: str) -> bytes | None:
        """The body, over a new connection, so that any worker may answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            return connection.getresponse().read()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()

    def scrape(self) -> Scrape:
        body = self.get("/metrics")
        assert body is not None
        return Scrape(body.decode())

    def probed(self) -> float:
        labels = {"method": "GET", "route": "/healthz", "status": "200"}
        return self.scrape().value("http_requests_total", **labels)

    def workers(self) -> list[psutil.Process]:
        """The processes that have taken requests, each in a slot."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if any(self._holds_slot(child))]

    def _holds_slot(self, process: psutil.Process) -> Iterator[bool]:
        with suppress(psutil.Error):
            for file in process.open_files():
                yield Path(file.path).name.startswith("slot-")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    web = Web(tmp_path)
    try:
        wait_until(lambda: web.get("/healthz"))
        wait_until(lambda: len(web.workers()) == 2)
        yield web
    finally:
        web.stop()


def test_a_scrape_sums_all_processes_including_the_counters_of_dead_ones(web: Web) -> None:
    before = web.probed()
    for _ in range(40):
        assert web.get("/healthz")
    assert web.probed() == before + 40

    for worker in web.workers():
        pid = worker.pid
        worker.kill()
        wait_until(lambda pid=pid: len([w for w in web.workers() if w.pid != pid]) == 2)

    wait_until(lambda: web.get("/healthz"))
    after = web.probed()
    assert after >= before + 40
    for _ in range(40):
        wait_until(lambda: web.get("/healthz"))
    assert web.probed() >= after + 40
    slots = {path.name for path in web.folder.glob("slot-*")}
    assert slots <= {"slot-0", "slot-1", "slot-2"}


# --- A process alone -----------------------------------------------------------------------------

COUNT = """
from prometheus_client import Counter, Gauge
from gatewayz.telemetry.metrics import slots

counted = Counter("counted", "", registry=slots.REGISTRY)
held = Gauge("held", "", multiprocess_mode="livesum", registry=slots.REGISTRY)
counted.inc()
held.set(1)
"""
FORK = """
import os
parent = slots.collector()
child = os.fork()
if child == 0:
    counted.inc(10)
    os._exit(0)
os.waitpid(child, 0)
"""
PRINT = """
from prometheus_client import CollectorRegistry, generate_latest
registry = CollectorRegistry()
registry.register(slots.collector())
print(generate_latest(registry).decode())
"""


@contextmanager
def running(code: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `code`, says so, and stays until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nprint('ready', flush=True)\ninput()"],
        cwd=CHECKOUT,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def scrape_after(code: str, folder: Path) -> Scrape:
    """The metrics that a process sees after running `code`."""
    result = subprocess.run(
        [sys.executable, "-c", code + PRINT],
        cwd=CHECKOUT,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Scrape(result.stdout)


def test_a_gauge_ends_with_its_process_and_a_counter_does_not(tmp_path: Path) -> None:
    with running(COUNT, tmp_path):
        with running(COUNT, tmp_path):
            pass
        seen = scrape_after("from gatewayz.telemetry.metrics import slots", tmp_path)

    assert (seen.value("held"), seen.value("counted_total")) == (1, 2)


def test_a_process_takes_the_slot_of_a_dead_one(tmp_path: Path) -> None:
    with running(COUNT, tmp_path):
        for _ in range(5):
            with running(COUNT, tmp_path):
                pass
        seen = scrape_after("from gatewayz.telemetry.metrics import slots", tmp_path)

    assert seen.value("counted_total") == 6
    assert len(list(tmp_path.glob("counter_*.db"))) == 2


def test_a_forked_child_counts_in_its_own_slot(tmp_path: Path) -> None:
    seen = scrape_after(COUNT + FORK, tmp_path)

    assert (seen.value("held"), seen.value("counted_total")) == (1, 11)


def test_an_unused_folder_is_emptied(tmp_path: Path) -> None:
    with running(COUNT, tmp_path):
        pass

    assert scrape_after(COUNT, tmp_path).value("counted_total") == 1
