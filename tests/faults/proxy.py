"""A TCP proxy that plays a bad network in front of PostgreSQL, Redis, or anything else.

    python -m tests.faults.proxy --upstream HOST:PORT|SOCKET [--listen HOST:PORT] [--latency-ms 5]

It prints the address that it listens on. In Python, `Proxy(upstream)` is such a process, whose
faults can be changed while it runs. Latency is precise to some 0.1 ms, and a proxy without any
passes more than 10,000 small round trips a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import selectors
import socket
import stat
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

CHECKOUT = Path(__file__).resolve().parents[2]

# The fate of a client's bytes and its connection.
FATES = {
    "lost": "it does not arrive, and the connection is reset",
    "unheard": "it arrives, and the connection is reset instead of the answer",
    "silent": "it arrives, and nothing comes back",
    "late": "it falls into the black hole, which opens now, and arrives when that is closed",
}


@dataclass
class Faults:
    """The faults of the network; none at first.

    `latency_ms` is added to each round trip, one half in each direction, and up to `jitter_ms`
    on top. `bytes_per_second` bounds each direction of each connection. While `blackhole`, no
    byte passes and nothing is lost: it arrives when the hole closes, as after TCP's
    retransmission, and connections are opened but hear nothing from the other side.

    The first data from a client that holds `trigger` meets its `fate`, one of FATES, and after it
    there is no trigger any more.
    """

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    bytes_per_second: float | None = None
    blackhole: bool = False
    trigger: str = ""
    fate: str = "lost"

    @property
    def is_none(self) -> bool:
        """Whether bytes can be passed on immediately."""
        return not (self.latency_ms or self.jitter_ms or self.bytes_per_second or self.blackhole)


class _End(asyncio.Protocol):
    """One end of a proxied connection; what it receives leaves by its `other` end."""

    def __init__(self, network: Network, *, faces_client: bool) -> None:
        self.network = network
        self.faces_client = faces_client
        self.other: _End | None = None
        self.is_deaf = False
        self.breaks = False  # with what it receives next
        self.is_mute = False  # what it receives goes nowhere
        self.spoke_last = False
        self.transport: asyncio.Transport
        self._waiting: deque[tuple[float, bytes]] = deque()  # with the time when it is due
        self._last_due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.network.ends.add(self)

    def data_received(self, data: bytes) -> None:
        if self.breaks or (self.faces_client and not self._meets_its_fate(data)):
            self._break()
            return
        if self.faces_client and not self.spoke_last:
            self.network.round_trips += 1
        self.spoke_last = True
        if self.other is not None:
            self.other.spoke_last = False
        if self.is_mute:
            return
        if self._waiting or self.other is None or not self.network.faults.is_none:
            self._enqueue(data)
        elif not self.is_deaf:
            self.other.transport.write(data)

    def _meets_its_fate(self, data: bytes) -> bool:
        """Whether `data` is to be passed on; prepares what happens then."""
        faults = self.network.faults
        if not faults.trigger or faults.trigger.encode() not in data:
            return True
        faults.trigger = ""
        if faults.fate == "late":
            self.network.change(blackhole=True)
        elif self.other is not None:
            self.other.breaks = faults.fate == "unheard"
            self.other.is_mute = faults.fate == "silent"
        return faults.fate != "lost"

    def _break(self) -> None:
        if self.other is not None:
            self.other.reset()
        self.reset()

    def connection_lost(self, exc: Exception | None) -> None:
        # Bytes before a write that failed would be lost, which TCP does not do.
        with suppress(OSError):
            while rest := os.read(self.transport.get_extra_info("socket").fileno(), 65536):
                self._enqueue(rest)
        self._enqueue(b"")  # the other end is closed when it has got the rest

    def _enqueue(self, data: bytes) -> None:
        faults = self.network.faults
        jitter_ms = random.uniform(0, faults.jitter_ms)
        due = self.network.loop.time() + (faults.latency_ms + jitter_ms) / 2000
        # In order, whatever the jitter; and one after the other through a narrow pipe.
        due = max(due, self._last_due)
        if faults.bytes_per_second:
            due += len(data) / faults.bytes_per_second
        self._last_due = due
        self._waiting.append((due, data))
        if self._timer is None:
            self._timer = self.network.loop.call_at(self._waiting[0][0], self.deliver)

    def deliver(self) -> None:
        """Pass on what is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.is_deaf:
            self.network.ends.discard(self)
        if self.is_deaf or self.other is None or self.network.faults.blackhole:
            return
        now = self.network.loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            _, data = self._waiting.popleft()
            if data:
                self.other.transport.write(data)
            else:
                self.network.ends.discard(self)
                self.other.transport.close()
        if self._waiting:
            self._timer = self.network.loop.call_at(self._waiting[0][0], self.deliver)

    def reset(self) -> None:
        """End the connection as a host does that knows nothing of it."""
        self.is_deaf = True
        connection = self.transport.get_extra_info("socket")
        with suppress(OSError):  # it has been closed meanwhile
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Network:
    """All connections through a proxy."""

    def __init__(self, upstream: str, faults: Faults) -> None:
        self.loop = asyncio.get_running_loop()
        self.upstream = upstream
        self.faults = faults
        self.round_trips = 0
        self.ends: set[_End] = set()
        self._openings: set[asyncio.Task[None]] = set()
        self._hole_closed = asyncio.Event()

    def accept(self) -> _End:
        """The client's end of a new connection, whose other end is being opened."""
        end = _End(self, faces_client=True)
        opening = self.loop.create_task(self._open(end))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)
        return end

    async def _open(self, end: _End) -> None:
        while self.faults.blackhole:
            await self._hole_closed.wait()
        await asyncio.sleep(self.faults.latency_ms / 1000)  # the handshake of TCP
        other = _End(self, faces_client=False)
        try:
            if self.upstream.startswith("/"):
                await self.loop.create_unix_connection(lambda: other, self.upstream)
            else:
                host, port = self.upstream.rsplit(":", 1)
                await self.loop.create_connection(lambda: other, host, int(port))
        except OSError:
            end.reset()
            return
        end.other, other.other = other, end
        end.deliver()

    def change(self, **changes: Any) -> None:
        """Set faults, or the `upstream` of new connections."""
        for name, value in changes.items():
            setattr(self if name == "upstream" else self.faults, name, value)
        if self.faults.blackhole:
            self._hole_closed.clear()
            return
        self._hole_closed.set()
        for end in list(self.ends):
            end.deliver()

    def count(self) -> int:
        """How often a client has spoken after its server, on any connection so far."""
        return self.round_trips

    def cut(self) -> None:
        """Reset every connection, at both of its ends."""
        for end in list(self.ends):
            end.reset()

    def half_open(self) -> None:
        """Every connection is gone at the server's end, and the client is not told."""
        for end in list(self.ends):
            end.is_deaf = True
            if not end.faces_client:
                end.reset()


async def _serve(listen: str, upstream: str, faults: Faults) -> None:
    """Listen, print the address, and obey the commands on standard input, if that is a pipe.

    Returns when the pipe ends.
    """
    network = Network(upstream, faults)
    host, port = listen.rsplit(":", 1)
    server = await network.loop.create_server(network.accept, host, int(port), backlog=512)
    address = server.sockets[0].getsockname()
    print(f"{address[0]}:{address[1]}", flush=True)
    if not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        await asyncio.Event().wait()
    commands = asyncio.StreamReader()
    await network.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async for line in commands:
        name, changes = json.loads(line)
        print(json.dumps(getattr(network, name)(**changes)), flush=True)


def main() -> None:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description="A proxy that plays a bad network.")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--upstream", required=True, metavar="HOST:PORT|SOCKET")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="per round trip")
    parser.add_argument("--jitter-ms", type=float, default=0.0, help="per round trip, at most")
    parser.add_argument("--bytes-per-second", type=float, help="per connection and direction")
    given = parser.parse_args()
    faults = Faults(given.latency_ms, given.jitter_ms, given.bytes_per_second)
    # Unlike epoll, select() waits for parts of milliseconds.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    with suppress(KeyboardInterrupt):
        loop.run_until_complete(_serve(given.listen, given.upstream, faults))


class Proxy:
    """A proxy in another process, whose faults can be changed while it runs.

    `upstream` is HOST:PORT or the path of a unix socket; `options` are the fields of `Faults`.
    It is a process, so that neither latency nor throughput depends on the threads of its user.
    """

    def __init__(self, upstream: str, **options: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.proxy", "--upstream", upstream],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        self.change(**options)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the proxy and with it all connections."""
        self._process.kill()
        self._process.communicate()

    def change(self, **changes: Any) -> None:
        """Set fields of `Faults`, or the `upstream` of new connections."""
        self._command("change", **changes)

    def round_trips(self) -> int:
        """The round trips that clients have made through the proxy since it was started.

        A client makes one whenever it sends something after the server has, on one connection.
        """
        return int(self._command("count"))

    def cut(self) -> None:
        """Reset every connection, at both of its ends."""
        self._command("cut")

    def half_open(self) -> None:
        """Every connection is gone at the server's end, and the client is not told."""
        self._command("half_open")

    @contextmanager
    def blackhole(self) -> Iterator[None]:
        """Nothing passes during the block."""
        self.change(blackhole=True)
        try:
            yield
        finally:
            self.change(blackhole=False)

    def url(self, url: str) -> str:
        """The URL of the same database or Redis through this proxy."""
        parts = urlsplit(url)
        if parts.scheme == "unix":
            database = parse_qs(parts.query).get("db", ["0"])[0]
            return f"redis://{self.address}/{database}"
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        query.pop("host", None)
        query.pop("port", None)
        login = parts.netloc.rpartition("@")[0]
        netloc = f"{login}@{self.address}" if login else self.address
        return urlunsplit((parts.scheme, netloc, parts.path, urlencode(query), ""))

    def _command(self, name: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def upstream_of(url: str) -> str:
    """Where a database or Redis URL leads: HOST:PORT or the path of a unix socket."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    query = parse_qs(parts.query)
    host = query.get("host", [parts.hostname or "127.0.0.1"])[0]
    port = query.get("port", [str(parts.port or (6379 if "redis" in parts.scheme else 5432))])[0]
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else f"{host}:{port}"


if __name__ == "__main__":
    main()
