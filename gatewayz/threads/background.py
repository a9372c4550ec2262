"""Small works of a web process that no request waits for."""

import logging
import os
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Lock, Thread

logger = logging.getLogger(__name__)

_MAX_WAITING = 1000
_IDLE_SECONDS = 30


class BackgroundThread:
    """A thread of this process that does small works one after another, each name once.

    It is started when there is work and ends when there has been none for a while; as a daemon
    it keeps no process from ending.
    """

    _thread: Thread | None

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def submit(self, name: str, work: Callable[[], object]) -> None:
        """Have `work` called soon, unless work of that name waits already or too much waits.

        `work` has to do without what is not called, has to handle what it may meet, anything else
        is logged, and has to close the database connection that it uses.
        """
        with self._lock:
            if name in self._names:
                return
            try:
                self._queue.put_nowait((name, work))
            except Full:
                return
            self._names.add(name)
            if self._thread is None:
                self._thread = Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _begin(self) -> None:
        self._lock = Lock()
        self._names: set[str] = set()
        self._queue: Queue[tuple[str, Callable[[], object]]] = Queue(_MAX_WAITING)
        self._thread = None

    def _run(self) -> None:
        while True:
            try:
                name, work = self._queue.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            try:
                work()
            except Exception:
                logger.exception("Work of the thread %r has failed", self._name)
            finally:
                with self._lock:
                    self._names.discard(name)
