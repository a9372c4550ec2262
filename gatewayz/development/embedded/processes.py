"""Shared by the two embedded servers: pid files, waiting, and paths for sockets."""

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
LONGEST_SOCKET_DIR = 80  # bytes; a socket's path may have 103 (macOS) or 107 (Linux)


class EmbeddedServerError(Exception):
    """An embedded server cannot be used; the text is one line that says what to do."""


def running_process(pid_file: Path) -> psutil.Process | None:
    """Return the running server that wrote `pid_file`; None when it has ended.

    After a restart of the machine, or in a new container, another program may have the same pid.
    So this also checks the working directory, which for both servers is the pid file's folder.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process if works_in(process, pid_file.parent) else None
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        return None


def works_in(process: psutil.Process, home: Path) -> bool:
    """Whether a process runs and has `home` as its working directory."""
    try:
        return home.samefile(process.cwd())
    except (OSError, psutil.Error):  # a deleted or closed folder; a zombie, or another user's
        return False


def end_process(process: psutil.Process, ending: signal.Signals) -> None:
    """Send a server the signal that ends it, and wait until it ends.

    Raises:
        EmbeddedServerError: it still runs after STOP_SECONDS.
    """
    deadline = time.monotonic() + STOP_SECONDS
    try:
        name = process.name()
        process.send_signal(ending)
        # A zombie has ended; in a container, it may never be collected.
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
    """The error for a server that does not start, with the last line of its log."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    except FileNotFoundError:
        lines = []
    last = next(filter(None, reversed(lines)), "nothing")
    return EmbeddedServerError(
        f"the embedded {name} does not start: see its log {log}, or delete {log.parent} to start "
        f"afresh; the log ends with: {last}"
    )


def short_path(home: Path) -> Path:
    """Return a path to `home` that is short enough for a socket in it.

    For clients; the servers themselves use paths relative to their working directory.

    Raises:
        RuntimeDirError: the folder for a symbolic link cannot be used.
    """
    if len(os.fsencode(home)) <= LONGEST_SOCKET_DIR:
        return home
    link = runtime_dir() / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    if not (link.is_symlink() and link.readlink() == home):
        link.unlink(missing_ok=True)
        link.symlink_to(home)
    return link
