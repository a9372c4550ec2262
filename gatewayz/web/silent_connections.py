"""Cuts off who has announced a body and sends nothing more of it.

The server waits for a body without end, in one of the threads that answer requests; its own
time-out is for headers only. So who waits for a body is noted here, and when one is overdue, the
connections to this process on which nothing has moved for as long are shut. Among them may be
some that rest between two requests: HTTP lets a server close those at any time.

On Linux, which alone tells how long a connection has been silent. A proxy that takes in whole
requests, as most do, keeps such callers away from here.
"""

import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

from gatewayz.web.connections import tcp_sockets

_CHECK_SECONDS = 0.5

# How exactly the kernel tells times, and within what a request is taken up that has come.
_TICK_MS = 20
_TAKEN_UP_MS = 2_000

# In struct tcp_info (linux/tcp.h): milliseconds since data was last sent and received.
_SILENT_FOR = struct.Struct("8x 36x I 4x I")

# By thread, since when (monotonic) it waits for a body.
_waiting: dict[int, float] = {}

# At which this process has listened; it may listen no more when it is about to end.
_port: int | None = None


@contextmanager
def waiting_for_body() -> Iterator[None]:
    """While the block reads a body, its caller may be silent for REQUEST_DEADLINE_SECONDS."""
    thread = threading.get_ident()
    _waiting[thread] = time.monotonic()
    try:
        yield
    finally:
        del _waiting[thread]


def watch(port: int) -> None:
    """From now on, look after the connections at `port`. Once for each process."""
    global _port  # noqa: PLW0603, of the process
    _port = port
    if sys.platform == "linux":
        threading.Thread(target=_watch, name="silent connections", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(_CHECK_SECONDS)
        allowed_seconds = settings.REQUEST_DEADLINE_SECONDS
        overdue_since = time.monotonic() - allowed_seconds
        if any(since < overdue_since for since in list(_waiting.values())):
            _shut_connections_silent_for(allowed_seconds)


def _shut_connections_silent_for(seconds: float) -> None:
    """Shut the connections that this process has accepted and on which nothing moves."""
    with _accepted() as connections:
        for sent_ms, received_ms, connection in connections:
            if min(sent_ms, received_ms) >= seconds * 1000:
                _shut(connection)


def abort_response(began: float) -> bool:
    """Break off the answer to the request that was taken up at the time `began` (monotonic).

    The server ends every answer as if it were whole, and does not tell which connection it has.
    It is that whose client was the last to send something before `began`, and nothing since. Of
    two clients that sent their requests within the same milliseconds, it may be the wrong one.

    Returns whether there was one; only Linux tells.
    """
    if sys.platform != "linux":
        return False
    with _accepted() as connections:
        since_ms = (time.monotonic() - began) * 1000
        asked = [
            (received_ms, connection)
            for _, received_ms, connection in connections
            if since_ms - _TICK_MS <= received_ms <= since_ms + _TAKEN_UP_MS
        ]
        if not asked:
            return False
        _, connection = min(asked, key=lambda one: one[0])
        _shut(connection)
        return True


@contextmanager
def _accepted() -> Iterator[list[tuple[int, int, socket.socket]]]:
    """The connections that this process has accepted, with the ms since each sent and received."""
    accepted = []
    with tcp_sockets() as sockets:
        for found in sockets:
            with suppress(OSError):  # it listens, or has ended by itself
                # Others are this process's own, to PostgreSQL and Redis.
                if found.getsockname()[1] == _port and found.getpeername():
                    info = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SILENT_FOR.size)
                    accepted.append((*_SILENT_FOR.unpack(info), found))
        yield accepted


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        connection.shutdown(socket.SHUT_RDWR)
