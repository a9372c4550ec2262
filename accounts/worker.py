"""The worker: django-q2's cluster of processes, begun anew when one of them is killed.

Its processes share queues, whose locks outlive them: of one that is killed as it waits for a
task, the others and those in its place wait for the lock for ever. So when one is killed, all
end, and a new cluster begins, which looks for what the others have left behind.
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

from accounts import background

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
POLL_SECONDS = 0.1

_SWEEP = "accounts.activity.drain.sweep"
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Sentinel(cluster.Sentinel):
    """Django-q2's, which looks after the other processes; it ends when one of them was killed."""

    def start(self) -> None:
        signal.signal(signal.SIGCHLD, self._look_at_children)
        super().start()

    def reincarnate(self, process: Process) -> None:
        """Begin another in the place of a process that has ended by itself."""
        self._look_at_children()
        super().reincarnate(process)

    def _look_at_children(self, *_: Any) -> None:
        # Those that have been given up for their time-out are not among them any more.
        known = [*self.pool, *filter(None, (self.monitor, self.pusher))]
        children = [child for child in known if child.pid]  # begun, that is
        if killed := [child for child in children if child.exitcode]:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._end(children, killed[0])

    def _end(self, children: list[Process], killed: Process) -> None:
        """End all, those that are at work when their task is done."""
        # First, so that it takes no more tasks from Redis, which nobody would do.
        if self.pusher is not None:
            self.pusher.kill()
        logger.error(
            "Process %s of the worker has ended (code %s): all begin anew",
            killed.pid,
            killed.exitcode,
        )
        until = time.monotonic() + self.timeout
        while time.monotonic() < until and any(
            child.is_alive() and child.timer.value > 0 for child in self.pool
        ):
            time.sleep(POLL_SECONDS)
        for child in children:
            child.kill()
        for child in children:
            child.join()
        os._exit(1)


class Cluster(cluster.Cluster):
    """Django-q2's, which is not over before it is told to end."""

    is_told_to_end = False

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        """End when all that is under way is done."""
        self.is_told_to_end = True
        if self.sentinel is not None:
            super().sig_handler(signum, frame)

    def run(self) -> None:
        """Work until told to end. Raises RuntimeError or RedisError when it cannot begin."""
        while True:
            background.enqueue(_SWEEP)
            self.start()
            if self.is_told_to_end:  # by a signal that found no sentinel
                self.stop()
            self.sentinel.join()
            if self.is_told_to_end:
                return
            time.sleep(RETRY_SECONDS)


def run() -> None:
    """Work until SIGTERM or Ctrl-C, and finish what is under way.

    Raises RuntimeError or redis.exceptions.RedisError when the worker cannot begin.
    """
    cluster.Sentinel = Sentinel
    if sys.platform == "linux":
        os.register_at_fork(after_in_child=_end_with_parent)
    Cluster().run()


def _end_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, which nobody would look after."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
