"""A background thread for small jobs that no request waits for."""

import logging
import os
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Lock, Thread

logger = logging.getLogger(__name__)

_MAX_WAITING = 1000
_IDLE_SECONDS = 30


class BackgroundThread:
    """A thread that runs small jobs one after another.

    It starts when there is a job and ends after 30 idle seconds. It is a daemon thread, so it
    never keeps the process from exiting.
    """

    _thread: Thread | None

    def __init__(self, name: str) -> None:
        self.name = name
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def submit(self, name: str, work: Callable[[], object]) -> None:
        """Call `work` soon in this thread.

        `work` is dropped when a job of the same name, or 1,000 others, are waiting. It must
        handle its own errors (any other is logged) and must close its database connection.
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
                self._thread = Thread(target=self._run, name=self.name, daemon=True)
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
                logger.exception("A job of the thread %r failed", self.name)
            finally:
                with self._lock:
                    self._names.discard(name)
