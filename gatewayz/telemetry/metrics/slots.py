"""Shares metrics between processes through files in PROMETHEUS_MULTIPROC_DIR.

Without that folder, each process keeps its metrics to itself.

prometheus-client names a process's files by its pid, so that every restart leaves some behind for
ever. Here a process names them by its slot: the lowest number that no living process holds. It
holds the slot by a file lock, which ends with the process however that ends. So there are never
more files than processes at a time, a new process continues the counters of the dead one whose
slot it takes, and a slot without a lock belongs to a dead process. The first process in an unused
folder empties it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO

from prometheus_client import CollectorRegistry, multiprocess, values
from prometheus_client.registry import Collector

_given = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
FOLDER = Path(_given) if _given else None

# The metrics of this process; `collector` has those of all processes.
REGISTRY = CollectorRegistry()


class _Slot:
    """The slot of this process. A forked child takes another one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = 0
        self._number = -1
        self._lock: IO[str] | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.register_at_fork(after_in_child=self._let_go)

    def number(self) -> int:
        """Return the slot's number. Called at every write, so it must be quick."""
        if self._pid != os.getpid():
            with _exclusively(self._folder):
                if all(_is_free(lock) for lock in self._folder.glob("slot-*")):
                    for left in self._folder.glob("*.db"):
                        left.unlink()
                self._take()
            self._pid = os.getpid()
        return self._number

    def _take(self) -> None:
        for number in count():
            lock = (self._folder / f"slot-{number}").open("w")
            if _locks(lock):
                # The counters continue, but the gauges belong to the process before.
                multiprocess.mark_process_dead(number, str(self._folder))
                self._number, self._lock = number, lock
                return
            lock.close()

    def _let_go(self) -> None:
        """Close the parent's lock file: an open copy would hold the slot after its death."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def collector() -> Collector:
    """Return the metrics of all living processes, and the counters of dead ones."""
    if FOLDER is None:
        return REGISTRY
    with _exclusively(FOLDER):
        for lock in FOLDER.glob("slot-*"):
            if _is_free(lock):
                # Its gauges, such as the size of its cache, no longer apply.
                multiprocess.mark_process_dead(lock.name.removeprefix("slot-"), str(FOLDER))
    return multiprocess.MultiProcessCollector(None, str(FOLDER))


@contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    with (folder / "folder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_free(path: Path) -> bool:
    with path.open("w") as lock:
        return _locks(lock)


def _locks(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if FOLDER is not None:
    # Set before any metric is created, because each one uses this class.
    values.ValueClass = values.MultiProcessValue(_Slot(FOLDER).number)
