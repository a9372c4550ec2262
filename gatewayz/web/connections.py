"""Finds the TCP connections of this process, which granian does not expose."""

import fcntl
import os
import socket
import stat
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def tcp_sockets() -> Iterator[list[socket.socket]]:
    """Yield a duplicate of each TCP socket of this process; closes the duplicates afterwards.

    They include listening sockets and connections to PostgreSQL and Redis.
    """
    sockets = [found for path in Path("/dev/fd").iterdir() if (found := _tcp(int(path.name)))]
    try:
        yield sockets
    finally:
        for found in sockets:
            found.close()


def has_unsent_bytes(connection: socket.socket) -> bool:
    """Whether the other side has yet to acknowledge some of what was sent."""
    try:
        (count,) = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))
    except OSError:  # it listens, or has ended
        return False
    return bool(count)


def _tcp(descriptor: int) -> socket.socket | None:
    with suppress(OSError):  # closed meanwhile
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            found = socket.socket(fileno=os.dup(descriptor))
            if found.type == socket.SOCK_STREAM and found.family != socket.AF_UNIX:
                return found
            found.close()
    return None
