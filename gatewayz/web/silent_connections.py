"""Cuts off clients that announce a body and stop sending it.

Granian has a time-out for headers only: it waits for a body for ever, in a thread that could
answer requests. This module records which threads wait for a body. When one has waited for too
long, it shuts the connections of this process that have been silent for that time. Some of them
may be idle between two requests; HTTP lets a server close those at any time.

This works on Linux only, where the kernel tells how long a connection has been silent. A proxy
that buffers whole requests, as nginx does, keeps such clients away. Caddy passes long bodies on as
they arrive, and without a proxy 512 silent clients would block a process for everybody else.
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

# The precision of the kernel's times, and the longest delay between receiving a request and
# starting to answer it.
_TICK_MS = 20
_START_MS = 2_000

# In struct tcp_info (linux/tcp.h): milliseconds since data was last sent and received.
_SILENT_FOR = struct.Struct("8x 36x I 4x I")

# By thread id, the monotonic time since which it has waited for a body.
_waiting: dict[int, float] = {}

# The port of this process's listening socket, which may be closed already when it is about to end.
_port: int | None = None


@contextmanager
def waiting_for_body() -> Iterator[None]:
    """Cut the client off if it is silent for REQUEST_DEADLINE_SECONDS while the block runs."""
    thread = threading.get_ident()
    _waiting[thread] = time.monotonic()
    try:
        yield
    finally:
        del _waiting[thread]


def watch(port: int) -> None:
    """Start to watch the connections at `port`. Called once in each process."""
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
    """Shut accepted connections on which nothing was sent or received for `seconds`."""
    with _accepted() as connections:
        for sent_ms, received_ms, connection in connections:
            if min(sent_ms, received_ms) >= seconds * 1000:
                _shut(connection)


def abort_response(began: float) -> bool:
    """Shut the connection of the request that began at `began` (monotonic seconds).

    Granian ends every response as if it were complete, and does not say which connection a request
    has. So this takes the connection whose client was the last to send something before `began`
    and has sent nothing since. When two clients send requests within the same milliseconds, it may
    take the wrong one.

    Returns whether a connection was found; always False on systems other than Linux.
    """
    if sys.platform != "linux":
        return False
    with _accepted() as connections:
        since_ms = (time.monotonic() - began) * 1000
        asked = [
            (received_ms, connection)
            for _, received_ms, connection in connections
            if since_ms - _TICK_MS <= received_ms <= since_ms + _START_MS
        ]
        if not asked:
            return False
        _, connection = min(asked, key=lambda one: one[0])
        _shut(connection)
        return True


@contextmanager
def _accepted() -> Iterator[list[tuple[int, int, socket.socket]]]:
    """Yield accepted connections, each with the ms since data was last sent and received."""
    accepted = []
    with tcp_sockets() as sockets:
        for found in sockets:
            with suppress(OSError):  # a listening socket, or one that has ended
                # Skips this process's connections to PostgreSQL and Redis.
                if found.getsockname()[1] == _port and found.getpeername():
                    info = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SILENT_FOR.size)
                    accepted.append((*_SILENT_FOR.unpack(info), found))
        yield accepted


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended already
        connection.shutdown(socket.SHUT_RDWR)
