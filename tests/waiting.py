"""Waiting for what is about to happen, and for no longer than that takes."""

import threading
import time
from collections.abc import Callable
from typing import Any

from gatewayz.threads.background import BackgroundThread

# Far longer than anything takes on a busy machine: whatever takes longer never ends.
WAIT_SECONDS = 120.0
# For a command that migrates back and forth, which is a minute of work for a whole processor.
COMMAND_SECONDS = 900.0
POLL_SECONDS = 0.005


def wait_until(true: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """Poll until `true()` holds; returns its value. Raises TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (result := true()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)
    return result


def wait_for_jobs(thread: BackgroundThread) -> None:
    """Wait until the jobs that `thread` has been given are done."""
    # Without jobs it need not start.
    if any(running.name == thread.name for running in threading.enumerate()):
        are_done = threading.Event()
        thread.submit(f"after them {id(are_done)}", are_done.set)
        assert are_done.wait(WAIT_SECONDS), "the jobs before it are not done"
