"""What the two embedded servers have in common: pid files, waiting, and a place for sockets."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

START_SECONDS = 60.0  # crash recovery, or loading a large append-only file, may take this long
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02


class EmbeddedServerError(Exception):
    """An embedded server cannot be had; the text is one line that says what to do."""


def running_process(pid_file: Path) -> psutil.Process | None:
    """The running server that wrote `pid_file`; a file left by a dead one is removed.

    The number alone proves nothing: after a restart of the machine, or in a new container, it
    may be that of any other program. Both servers work in the folder of their pid file.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if pid_file.parent.samefile(process.cwd()):
            return process
    except FileNotFoundError:
        return None
    except (ValueError, IndexError, psutil.Error):
        pass  # half written, or of another user or no process at all: left by a dead server
    pid_file.unlink(missing_ok=True)
    return None


def end_process(process: psutil.Process, ending: signal.Signals) -> None:
    """Ask a server to finish its writing and end, and wait for it."""
    deadline = time.monotonic() + STOP_SECONDS
    try:
        name = process.name()
        process.send_signal(ending)
        # A zombie has ended; in a container, nobody may ever collect it.
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"{name} does not stop within {STOP_SECONDS:.0f} s: kill {process.pid}"
                )
            time.sleep(POLL_SECONDS)
    except psutil.NoSuchProcess:
        return


def wait_for(answers: Callable[[], bool], runs: Callable[[], bool], name: str, log: Path) -> None:
    """Poll until a server answers.

    Raises:
        EmbeddedServerError: it has ended, or does not answer within START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if not runs() or time.monotonic() > deadline:
            raise EmbeddedServerError(f"the embedded {name} does not start{last_words(log)}")
        time.sleep(POLL_SECONDS)


def last_words(log: Path) -> str:
    """The last line of a log and where the rest is, as the end of an error message."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    return f"; its log {log} ends with: {last}"


def runtime_dir() -> Path:
    """A folder of this user alone, with a short path.

    Raises:
        EmbeddedServerError: someone else has made it.
    """
    path = Path(tempfile.gettempdir()) / f"gatewayz-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedServerError(f"{path} belongs to someone else: set TMPDIR to another folder")
    return path
