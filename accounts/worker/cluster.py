"""The worker: django-q2's cluster of processes, restarted when one of them is killed.

The processes share queues whose locks outlive them. If one is killed while it waits for a task,
the others and their replacements would wait for its lock for ever. When one is killed, all
processes therefore end and a new cluster starts. Tasks that the old one had taken from Redis are
lost; the schedules repeat what they were for, and buffered activity is picked up immediately.
"""

import ctypes
import logging
import os
import signal
import sys
import time
from multiprocessing import Process
from types import FrameType
from typing import Any

from django_q import cluster
from redis.exceptions import RedisError

from accounts import background
from accounts.worker import courier

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
POLL_SECONDS = 0.1
EMAIL_SECONDS = 2.0
# For tasks, when one of the processes was killed. A schedule does again what is cut off then.
TASK_SECONDS = 8.0

_SWEEP = "accounts.worker.drain.sweep"


class _Killed(BaseException):  # django-q2 catches what is an Exception
    """A process of the cluster was killed."""


class Sentinel(cluster.Sentinel):
    """django-q2's supervisor process; it ends when one of its processes was killed.

    Besides the processes that run tasks it supervises the courier, which django-q2 does not know.
    """

    courier: Process | None = None
    _is_stopping = False

    def start(self) -> None:
        signal.signal(signal.SIGCHLD, self._check_children)
        try:
            super().start()
        except _Killed as killed:
            # First, so that it takes no more tasks from Redis, which would be lost.
            if self.pusher is not None and self.pusher.pid:
                self.pusher.kill()
            logger.error("%s: restarting all", killed)  # noqa: TRY400, this process has no traceback to show
            self._end()
        # Processes that are left now end with this one.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def spawn_cluster(self) -> None:
        super().spawn_cluster()
        self.courier = self.spawn_process(courier.run)

    def stop(self) -> None:
        """End all processes, the courier too, after finishing what is in progress."""
        self._is_stopping = True
        if self.courier is not None:
            self.courier.terminate()
        super().stop()
        if self.courier is not None:
            self.courier.join(courier.END_SECONDS)
            self.courier.kill()

    def reincarnate(self, process: Process) -> None:
        """Replace a process that has ended by itself."""
        self._check_children()
        super().reincarnate(process)

    def _check_children(self, *_: Any) -> None:
        """Raise _Killed if a process was killed. Also a signal handler, so it may run anywhere."""
        if os.getpid() != self.pid:
            return  # in a child, which inherits this handler
        for child in self._children():
            # The others also end by themselves, to be replaced and free their memory.
            may_end = self._is_stopping if child is self.courier else (child.exitcode or 0) >= 0
            if child.exitcode is not None and not may_end:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                raise _Killed(f"Process {child.pid} of the worker was killed ({child.exitcode})")

    def _children(self) -> list[Process]:
        # Processes that exceeded their time-out are no longer in the pool.
        known = [*self.pool, *filter(None, (self.monitor, self.pusher, self.courier))]
        return [child for child in known if child.pid]  # started

    def _end(self) -> None:
        """End all processes, letting those that run a task go on for at most TASK_SECONDS."""
        until = time.monotonic() + TASK_SECONDS
        if self.courier is not None:
            self.courier.terminate()
        # get_obj() bypasses the lock, which the killed process may have held.
        while time.monotonic() < until and any(
            child.is_alive() and child.timer.get_obj().value > 0 for child in self.pool
        ):
            time.sleep(POLL_SECONDS)
        if self.courier is not None:
            # Gives an e-mail, which may not be sent again, time to finish. Not as long as a
            # webhook may take, because all tasks wait for the new cluster.
            self.courier.join(EMAIL_SECONDS)
        for child in self._children():
            child.kill()
        for child in self._children():
            child.join()
        # Not sys.exit, which would wait for what is left in the queues.
        os._exit(1)


class Cluster(cluster.Cluster):
    """django-q2's cluster, which runs until it is told to end."""

    def __init__(self) -> None:
        super().__init__()
        self._is_told_to_end = False

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        """End after finishing what is in progress."""
        self._is_told_to_end = True
        if self.sentinel is not None:
            super().sig_handler(signum, frame)

    def run(self) -> None:
        """Work until told to end.

        Raises RuntimeError or redis.exceptions.RedisError when it cannot start; a restart is
        retried.
        """
        self._start()
        while not self._await_end():
            time.sleep(RETRY_SECONDS)
            try:
                self._start()
            except (RuntimeError, RedisError):
                logger.exception("The worker could not restart yet")

    def _start(self) -> None:
        background.enqueue(_SWEEP)
        self.start()

    def _await_end(self) -> bool:
        """Wait for the sentinel to end. Returns whether it was told to end."""
        if self._is_told_to_end:  # perhaps by a signal that came before the sentinel
            self.stop()
        self.sentinel.join()
        return self._is_told_to_end


def run() -> None:
    """Work until SIGTERM or Ctrl-C, then finish what is in progress.

    Raises RuntimeError or redis.exceptions.RedisError when the worker cannot start.
    """
    # For the C library's resolver (resolv.conf(5)): name servers that users chose resolve the
    # hosts of webhooks, and by default one could block a thread for half a minute.
    os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")
    cluster.Sentinel = Sentinel  # the class that django-q2's first process starts
    if sys.platform == "linux":
        _end_with_parents()
    Cluster().run()


def _end_with_parents() -> None:
    """Have the kernel kill each child process when its parent dies (prctl(2)).

    Nothing would supervise it otherwise.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    pr_set_pdeathsig = 1
    parent = os.getpid()

    def remember_parent() -> None:
        nonlocal parent
        parent = os.getpid()

    def end_with_parent() -> None:
        if libc.prctl(pr_set_pdeathsig, signal.SIGKILL):
            raise OSError(ctypes.get_errno(), "prctl")
        if os.getppid() != parent:  # the parent died just before
            os._exit(1)

    os.register_at_fork(before=remember_parent, after_in_child=end_with_parent)
