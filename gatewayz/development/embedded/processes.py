"""What the two embedded servers have in common: pid files, waiting, and a place for sockets."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from gatewayz.web.runtime_dir import runtime_dir

START_SECONDS = 60.0  # crash recovery, or loading a large append-only file, may take this long
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
LONGEST_SOCKET_DIR = 80  # bytes; a whole socket path may have 103 (macOS) or 107 (Linux)


class EmbeddedServerError(Exception):
    """An embedded server cannot be had; the text is one line that says what to do."""


def running_process(pid_file: Path) -> psutil.Process | None:
    """The running server that wrote `pid_file`; None when it has ended, however it ended.

    The number alone proves nothing: after a restart of the machine, or in a new container, it
    may be that of any other program. Both servers work in the folder of their pid file.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process if works_in(process, pid_file.parent) else None
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        return None


def works_in(process: psutil.Process, home: Path) -> bool:
    """Whether a process lives and has `home` as its working directory."""
    try:
        return home.samefile(process.cwd())
    except (OSError, psutil.Error):  # a deleted or closed folder; a zombie, or another user's
        return False


def end_process(process: psutil.Process, ending: signal.Signals) -> None:
    """Send a server the signal that ends it, and wait until it has ended.

    Raises:
        EmbeddedServerError: it still runs after STOP_SECONDS.
    """
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
            raise start_failure(name, log)
        time.sleep(POLL_SECONDS)


def start_failure(name: str, log: Path) -> EmbeddedServerError:
    """The error of a server that does not start: the last line of its log, and what to do."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    except FileNotFoundError:
        lines = []
    last = next(filter(None, reversed(lines)), "nothing")
    return EmbeddedServerError(
        f"the embedded {name} does not start: mend what its log {log} says, or delete "
        f"{log.parent} to begin anew; the log ends with: {last}"
    )


def short_path(home: Path) -> Path:
    """A path to `home` that leaves room for the name of a socket in it.

    The servers name their sockets relative to where they work; this is for their clients.

    Raises:
        RuntimeDirError: there is no folder for the link.
    """
    if len(os.fsencode(home)) <= LONGEST_SOCKET_DIR:
        return home
    link = runtime_dir() / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    if not (link.is_symlink() and link.readlink() == home):
        link.unlink(missing_ok=True)
        link.symlink_to(home)
    return link
