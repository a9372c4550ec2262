"""Where each process keeps its metrics when several serve together: in files of one folder.

The folder is PROMETHEUS_MULTIPROC_DIR; without it a process keeps its metrics to itself.
prometheus-client names the files of a process by its pid, so every restart would leave some
behind for ever. Here they are named by a slot: the lowest number that no living process holds.
A file lock holds it, which ends with the process however that ends. So there are never more
files than processes at a time, the counters of a dead worker go on in the one that takes its
slot, and what is not locked is dead. The first process in a folder that nobody uses empties it.
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

# What this process observes; see `collector` for what all of them do.
REGISTRY = CollectorRegistry()


class _Slot:
    """The slot of this process; a forked child takes another one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = 0
        self._number = -1
        self._lock: IO[str] | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.register_at_fork(after_in_child=self._let_go)

    def number(self) -> int:
        """The slot's number. Called at every write, so it must be quick."""
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
                # Counters go on, but the gauges are those of the process before.
                multiprocess.mark_process_dead(number, str(self._folder))
                self._number, self._lock = number, lock
                return
            lock.close()

    def _let_go(self) -> None:
        """Close the parent's lock: an open copy would hold its slot when it has died."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def collector() -> Collector:
    """What all living processes observe now, and what dead ones have counted."""
    if FOLDER is None:
        return REGISTRY
    with _exclusively(FOLDER):
        for lock in FOLDER.glob("slot-*"):
            if _is_free(lock):
                # Its gauges, such as the entries of its cache, are gone with it.
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
    # Before any metric is made: each asks for this class.
    values.ValueClass = values.MultiProcessValue(_Slot(FOLDER).number)
