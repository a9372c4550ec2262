"""Ports for servers that must be told theirs before they start."""

import fcntl
import os
import random
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

_LOCKS = Path(tempfile.gettempdir()) / "gatewayz-test-ports"
# Of Redis Cluster: a server's second port is so far above its first.
_SECOND = 10_000
_chance = random.SystemRandom()  # not the one whose seed tests may set
_held: list[int] = []


def free_port() -> int:
    """A port that no program has, nor the one 10,000 above it, which a Redis Cluster needs too.

    Both are below those that the kernel gives to connections, and no other process that asks
    here gets them while this one lives: a server that starts late still finds its port free.
    """
    _LOCKS.mkdir(exist_ok=True)
    while True:
        port = _chance.randrange(10_000, 22_000)
        if _is_free(port) and _is_free(port + _SECOND) and _hold(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("", port))
        return True
    return False


def _hold(port: int) -> bool:
    lock = os.open(_LOCKS / str(port), os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    _held.append(lock)
    return True
