"""The worker: django-q2's cluster of processes, begun anew when one of them is killed.

Its processes share queues, whose locks outlive them: of one that is killed as it waits for a
task, the others and those in its place wait for the lock for ever. So when one is killed, all
end, and a new cluster begins. Tasks that the old one had taken from Redis are lost with it: the
schedules bring back what they were for, and activity is looked for at once.
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
    """Django-q2's, which looks after the other processes; it ends when one of them was killed.

    Beside those that do tasks there is the courier, which django-q2 does not know.
    """

    courier: Process | None = None
    _is_stopping = False

    def start(self) -> None:
        signal.signal(signal.SIGCHLD, self._look_at_children)
        try:
            super().start()
        except _Killed as killed:
            # First, so that it takes no more tasks from Redis, which nobody would do.
            if self.pusher is not None and self.pusher.pid:
                self.pusher.kill()
            logger.error("%s: all begin anew", killed)  # noqa: TRY400, it is no error of this process
            self._end()
        # What is left by now ends with this process.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def spawn_cluster(self) -> None:
        super().spawn_cluster()
        self.courier = self.spawn_process(courier.run)

    def stop(self) -> None:
        """End all, the courier too, when what is under way is done."""
        self._is_stopping = True
        if self.courier is not None:
            self.courier.terminate()
        super().stop()
        if self.courier is not None:
            self.courier.join(courier.END_SECONDS)
            self.courier.kill()

    def reincarnate(self, process: Process) -> None:
        """Begin another in the place of a process that has ended by itself."""
        self._look_at_children()
        super().reincarnate(process)

    def _look_at_children(self, *_: Any) -> None:
        """Raises _Killed, also in the midst of what is done when a child ends."""
        if os.getpid() != self.pid:
            return  # a child, which has this handler too
        for child in self._children():
            # The others end by themselves too: to be begun anew, for their memory.
            may_end = self._is_stopping if child is self.courier else (child.exitcode or 0) >= 0
            if child.exitcode is not None and not may_end:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                raise _Killed(f"Process {child.pid} of the worker was killed ({child.exitcode})")

    def _children(self) -> list[Process]:
        # Those that have been given up for their time-out are not among them any more.
        known = [*self.pool, *filter(None, (self.monitor, self.pusher, self.courier))]
        return [child for child in known if child.pid]  # begun, that is

    def _end(self) -> None:
        """End all, those that are at work when their task is done, or after TASK_SECONDS."""
        until = time.monotonic() + TASK_SECONDS
        if self.courier is not None:
            self.courier.terminate()
        # Past the lock, which a killed process may have had.
        while time.monotonic() < until and any(
            child.is_alive() and child.timer.get_obj().value > 0 for child in self.pool
        ):
            time.sleep(POLL_SECONDS)
        if self.courier is not None:
            # For an e-mail, which may not be sent again. Not as long as webhooks may take: all
            # tasks wait for the new cluster.
            self.courier.join(EMAIL_SECONDS)
        for child in self._children():
            child.kill()
        for child in self._children():
            child.join()
        # Not by sys.exit, which would wait for what the queues still hold.
        os._exit(1)


class Cluster(cluster.Cluster):
    """Django-q2's, which is not over before it is told to end."""

    def __init__(self) -> None:
        super().__init__()
        self._is_told_to_end = False

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        """End when all that is under way is done."""
        self._is_told_to_end = True
        if self.sentinel is not None:
            super().sig_handler(signum, frame)

    def run(self) -> None:
        """Work until told to end.

        Raises RuntimeError or redis.exceptions.RedisError when it cannot begin; later it tries
        again.
        """
        self._begin()
        while not self._await_end():
            time.sleep(RETRY_SECONDS)
            try:
                self._begin()
            except (RuntimeError, RedisError):
                logger.exception("The worker cannot begin anew yet")

    def _begin(self) -> None:
        background.enqueue(_SWEEP)
        self.start()

    def _await_end(self) -> bool:
        """Wait for the end of the sentinel. Returns whether it was told to end."""
        if self._is_told_to_end:  # by a signal that found no sentinel, it may be
            self.stop()
        self.sentinel.join()
        return self._is_told_to_end


def run() -> None:
    """Work until SIGTERM or Ctrl-C, and finish what is under way.

    Raises RuntimeError or redis.exceptions.RedisError when the worker cannot begin.
    """
    # Of the C library's resolver (resolv.conf(5)). The names of webhooks are looked up by servers
    # that users chose; by default one of them may keep a thread for half a minute.
    os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")
    cluster.Sentinel = Sentinel  # which the first process names as it begins the second
    if sys.platform == "linux":
        _end_with_parents()
    Cluster().run()


def _end_with_parents() -> None:
    """Have the kernel kill each process from here on when its parent dies.

    Nobody would look after it. Of prctl(2).
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
        if os.getppid() != parent:  # it died just before
            os._exit(1)

    os.register_at_fork(before=remember_parent, after_in_child=end_with_parent)
