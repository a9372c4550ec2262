"""The web server: granian, with a reload that loses no request.

    python -m gatewayz.web [options of granian]

Granian's own reload (SIGHUP) ends the old process some seconds after it has started the new one,
ready or not. It drops the connections queued at the old process's listening socket, closes kept
connections just when clients may send on them, and gives up when a new process dies. Here the new
process takes over the listening socket, and the old one ends when the new one is ready: it accepts
no new connections, asks its clients to leave (`Connection: close`), and then stops.

Each process has its own listening socket (SO_REUSEPORT), and the kernel distributes connections
among them. With a single shared socket, the process that happens to be awake would accept all
connections that arrive at the same time. When a process dies, its socket is closed, so that the
other processes get its connections.

If there is a process for each CPU, each is bound to one: its threads take turns at the
interpreter's lock, and handing the lock to another CPU costs more than waiting for the same one.

The server speaks HTTP/1 only. With HTTP/2 over plain TCP, granian drops a body without
Content-Length, and never frees a thread that reads a body whose stream has ended; one connection
can occupy 200 threads.
"""

import multiprocessing
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

from granian import cli, wsgi
from granian.constants import HTTPModes
from granian.errors import ConfigurationError
from granian.log import logger
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server.mp import MPServer, WorkerProcess

from gatewayz.redis import shards
from gatewayz.web import draining
from gatewayz.web.connections import has_unsent_bytes, tcp_sockets
from gatewayz.web.memory import give_back_large_blocks

READY_SECONDS = 60.0  # for a new process to load the application
DRAIN_SECONDS = 1.0  # for clients of an old process to finish sending
RETRY_SECONDS = 1.0
ORPHAN_SECONDS = 1.0  # how often a process checks that its parent lives
QUIET_SECONDS = 0.5  # a process that answers nothing for so long may exit
POLL_SECONDS = 0.05
# After this, the kernel ends a connection whose client does not acknowledge what was sent.
UNREAD_SECONDS = 20.0

# Signals that a new process blocks from its start: `_end_when_told` waits for SIGTERM, and the
# parent handles Ctrl-C.
_BLOCKED = [signal.SIGTERM, signal.SIGINT]

# Options on the command line and GRANIAN_* in the environment take precedence.
_DEFAULTS = {
    "interface": "wsgi",
    "http": "1",
    "websockets": False,
    "workers": 2,
    # Enough threads for every request, so that requests queue where the queue can be measured: in
    # gatewayz/middleware/load_shedding.py, which runs some of them at a time.
    "blocking_threads": 512,
    # Longer than a request may take, so that running requests are finished.
    "workers_kill_timeout": 8,
    "respawn_failed_workers": True,
    "log_level": "warning",
}


# How granian's warning about so many threads begins; they are intended (docs/faults.md).
_ADVICE = "Configuration allows spawning up to "


class Server(MPServer):
    """Granian's multi-process server. Overrides private methods of granian 2.8."""

    _channels: dict[WorkerProcess, Connection]
    _ready: set[WorkerProcess]
    _listeners: dict[WorkerProcess, socket.socket]

    def serve(self, *arguments: Any, **options: Any) -> None:
        """Serve until told to end. Raises ConfigurationError for HTTP/2."""
        if self.http != HTTPModes.http1:
            logger.error("HTTP/2 must end at the proxy: leave GRANIAN_HTTP and --http at 1")
            raise ConfigurationError("http")
        super().serve(*arguments, **options)

    def _init_shared_socket(self) -> None:
        self._channels, self._ready, self._listeners = {}, set(), {}
        self._sso = None
        if self.bind_uds:
            super()._init_shared_socket()

    def _bound(self) -> socket.socket:
        """Bind a socket to our address; it gets no connections until a process listens on it."""
        family, kind, protocol, _, address = socket.getaddrinfo(
            self.bind_addr, self.bind_port, type=socket.SOCK_STREAM
        )[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Accepted connections inherit these options. Without TCP_NODELAY, a response in two parts
        # would wait for the client's acknowledgement.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Nothing else ends the wait for a client that does not read.
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # not on macOS
            bound.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_SECONDS * 1000)
            )
        bound.bind(address)
        bound.setblocking(False)
        bound.set_inheritable(True)
        return bound

    def _drop_shared_socket(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        super()._drop_shared_socket()

    def _close_dead_listeners(self) -> None:
        """Close the listening sockets of dead processes, so that others get their connections."""
        for worker in self.wrks:
            if not worker.is_alive():
                self._close_listener(worker)

    def _close_listener(self, worker: WorkerProcess) -> None:
        listener = self._listeners.pop(worker, None)
        if listener is None or listener in self._listeners.values():
            return  # the process that replaces it has taken it over
        # Closing is not enough, because other processes have inherited the socket.
        with suppress(OSError):  # nobody has listened yet
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Callable[..., None], callback_loader: Callable[[], Any]
    ) -> WorkerProcess:
        ours, theirs = multiprocessing.Pipe()
        listener = None
        if not self.bind_uds:
            old = self.wrks[idx] if idx < len(self.wrks) else None
            listener = self._listeners[old] if old in self._listeners else self._bound()
            holder = SocketHolder(listener.fileno(), False, self.backlog)  # type: ignore[call-arg]
            self._shd = holder  # type: ignore[assignment]
            self._sso = listener
        load = partial(_load, callback_loader, theirs, listener, self.backlog, self._cpu_of(idx))
        worker = super()._spawn_worker(idx, target, load)
        self._channels[worker] = ours
        if listener is not None:
            self._listeners[worker] = listener
        return worker

    def _cpu_of(self, idx: int) -> int | None:
        """The CPU that a process is bound to; None when it may use all."""
        if not hasattr(os, "sched_getaffinity"):  # macOS
            return None
        cpus = sorted(os.sched_getaffinity(0))
        # With fewer processes than CPUs, every service on the machine would use the first CPUs.
        return cpus[idx % len(cpus)] if self.workers >= len(cpus) else None

    def _respawn_workers(
        self,
        workers: Sequence[int],
        spawn_target: Callable[..., None],
        target_loader: Callable[[], Any],
        delay: float = 0,
    ) -> None:
        self._close_dead_listeners()
        for idx in dict.fromkeys(workers):
            old = self.wrks[idx]
            new = self._spawn_worker(idx, spawn_target, target_loader)
            new.start()
            if self._is_ready(new):
                self.wrks[idx] = new
                self._end(old, drain=self._is_ready(old, within_seconds=0))
                self._metrics.incr_spawn(1)
                continue
            self._end(new, drain=False)
            if self.interrupt_signal:
                return
            logger.error("A new web process did not become ready")
            self.interrupt_children.append(idx)  # tries again, and sets the exit code
            if any(worker.is_alive() for worker in self.wrks):
                time.sleep(RETRY_SECONDS)
                self.main_loop_interrupt.set()
            else:
                self.signal_handler_interrupt()
                return

    def _is_ready(self, worker: WorkerProcess, within_seconds: float = READY_SECONDS) -> bool:
        """Wait up to `within_seconds` for a process to load; return whether it lives and has."""
        channel = self._channels[worker]
        until = time.monotonic() + within_seconds
        while worker not in self._ready and worker.is_alive() and not self.interrupt_signal:
            if channel.poll(min(POLL_SECONDS, within_seconds)):
                try:
                    channel.recv_bytes()
                except EOFError:  # it is dying
                    return False
                self._ready.add(worker)
            elif time.monotonic() >= until:
                break
            self._close_dead_listeners()
        return worker in self._ready and worker.is_alive()

    def _end(self, worker: WorkerProcess, *, drain: bool) -> None:
        channel = self._channels.pop(worker)
        self._ready.discard(worker)
        self._close_listener(worker)
        if drain:
            with suppress(OSError):  # it has ended meanwhile
                channel.send_bytes(b"drain")
            time.sleep(DRAIN_SECONDS)
        channel.close()
        worker.terminate()
        worker.join(self.workers_kill_timeout)
        if worker.is_alive():
            logger.warning("Killing a web process that did not end by itself")
            worker.kill()
            worker.join()


def _load(
    load: Callable[[], Any],
    channel: Connection,
    listener: socket.socket | None,
    backlog: int,
    cpu: int | None,
) -> Any:
    """Run in a new process: load the application, listen, and tell the parent."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)  # already blocked in a forked process
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})  # for this thread and all that it starts
    give_back_large_blocks()
    is_loaded = Event()
    Thread(target=_end_when_told, args=[is_loaded], name="end", daemon=True).start()
    application = load()
    is_loaded.set()
    if listener is not None:
        # Imported here, because a reload must load the application's code again.
        from gatewayz.web import silent_connections

        silent_connections.watch(listener.getsockname()[1])
        listener.listen(backlog)
    channel.send_bytes(b"ready")
    Thread(target=_drain_when_told, args=[channel], name="drain", daemon=True).start()
    return application


def _end_when_told(is_loaded: Event) -> None:
    """Wait for SIGTERM, which is blocked in all threads of this process, and end the process.

    Granian's own handler runs in the main thread, which waits for a lock; a signal that the kernel
    delivers to another thread would not wake it. And a process that is still loading has its
    parent's handler.

    Granian then waits for all connections to end. Some never do: one whose client has sent half of
    its headers, or one that was accepted just when the signal came. So this thread exits the
    process as soon as no request is being answered.
    """
    parents = signal.getsignal(signal.SIGTERM)
    signal.sigwait([signal.SIGTERM])
    if not is_loaded.is_set():
        os._exit(0)
    while (end := signal.getsignal(signal.SIGTERM)) == parents:
        time.sleep(POLL_SECONDS)
    draining.begin()
    cast("Callable[..., None]", end)(signal.SIGTERM, None)
    busy_at = time.monotonic()
    while time.monotonic() < busy_at + QUIET_SECONDS:
        time.sleep(POLL_SECONDS)
        if _is_answering():
            busy_at = time.monotonic()
    os._exit(0)


def _is_answering() -> bool:
    """Whether a request is running, or part of a response is still unsent."""
    for frame in sys._current_frames().values():
        outermost = frame
        while outermost.f_back is not None:
            outermost = outermost.f_back
        if outermost.f_code.co_filename == wsgi.__file__:
            return True
    with tcp_sockets() as connections:
        return any(has_unsent_bytes(connection) for connection in connections)


def _drain_when_told(channel: Connection) -> None:
    parent = os.getppid()
    try:
        # Forked siblings keep the other end open, so the parent's death causes no end of file.
        while not channel.poll(ORPHAN_SECONDS):
            if os.getppid() != parent:
                raise EOFError
        channel.recv_bytes()
    except (EOFError, OSError):
        # A new parent would not know this process, which would still get connections.
        os.kill(os.getpid(), signal.SIGTERM)
        return
    draining.begin()
    _stop_listening()


def _stop_listening() -> None:
    """Replace each listening socket of this process by one that no client connects to.

    Granian can stop listening only by closing its connections too. The process that takes over has
    the same sockets open, so no queued connection is lost.
    """
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        unused.listen(1)
        unused.setblocking(False)
        for descriptor in [int(path.name) for path in Path("/dev/fd").iterdir()]:
            with suppress(OSError):  # closed meanwhile
                if _is_listening(descriptor):
                    os.dup2(unused.fileno(), descriptor, inheritable=False)


def _is_listening(descriptor: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        return bool(copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def main() -> None:
    """Run granian's command line with our defaults."""
    if problem := shards.problem_with(os.environ.get("REDIS_URL", "")):
        sys.exit(problem)
    cli.Server = Server  # type: ignore[attr-defined]
    logger.addFilter(lambda record: not record.getMessage().startswith(_ADVICE))
    os.register_at_fork(
        before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, _BLOCKED),
        after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _BLOCKED),
    )
    cli.cli(
        [*sys.argv[1:], "gatewayz.wsgi:application"],
        auto_envvar_prefix="GRANIAN",
        default_map=_DEFAULTS,
    )
