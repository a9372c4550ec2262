"""The web server: granian, whose processes are replaced without losing a request.

    python -m gatewayz.web [options of granian]

Granian's own reload (SIGHUP) ends the old process some seconds after it has begun the new one,
ready or not; it resets the queue of its listening socket with it; it closes kept connections just
as their clients may send on them; and it gives up when a new process dies. Here an old process
ends when the new one is ready, which has its listening socket: it takes no new connections, asks
its clients to leave (`Connection: close`), and then stops.

Each place of a process has a listening socket of its own (SO_REUSEPORT), among which the kernel
shares connections: of one socket that all listen at, whoever is awake takes all that come at once.
The socket of a process that dies is closed, so that the others get what it would have got.

Where there is a process for each CPU, each keeps to one: its threads take turns at the
interpreter's lock, and handing that to another CPU costs more than waiting for this one.

It speaks HTTP/1 only. Of HTTP/2 without TLS, granian drops a body that has no Content-Length, and
never gets back a thread that reads a body whose stream has ended; one connection may hold 200.
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

from gatewayz.web import draining
from gatewayz.web.connections import has_unsent_bytes, tcp_sockets
from gatewayz.web.memory import give_back_large_blocks

READY_SECONDS = 60.0  # for a new process
DRAIN_SECONDS = 1.0  # for the clients of an old one to send what they are about to
RETRY_SECONDS = 1.0
ORPHAN_SECONDS = 1.0  # until a process ends whose parent has died
QUIET_SECONDS = 0.5  # without an answer to make or to send, until a process is over
POLL_SECONDS = 0.05
# Until a connection ends whose client takes nothing of what is sent, or has gone without a word.
UNREAD_SECONDS = 20.0

# A new process holds them from its first moment on: it ends when its parent says so (SIGTERM),
# and leaves a Ctrl-C in their terminal to it.
_HELD = [signal.SIGTERM, signal.SIGINT]

# Options on the command line and GRANIAN_* in the environment win.
_DEFAULTS = {
    "interface": "wsgi",
    "http": "1",
    "websockets": False,
    "workers": 2,
    # A thread for every request that comes, so that the backlog is where it can be seen: see
    # gatewayz/middleware/load_shedding.py, which lets some of them in at once.
    "blocking_threads": 512,
    # Longer than a request may take, so that what was begun is finished.
    "workers_kill_timeout": 8,
    "respawn_failed_workers": True,
    "log_level": "warning",
}


# A thread for every request is meant (docs/faults.md); granian advises against so many.
_ADVICE = "Configuration allows spawning up to "


class Server(MPServer):
    """Granian's server of processes; what it overrides is that of granian 2.8."""

    _channels: dict[WorkerProcess, Connection]
    _ready: set[WorkerProcess]
    _listeners: dict[WorkerProcess, socket.socket]

    def serve(self, *arguments: Any, **options: Any) -> None:
        """Serve until told to end. Raises ConfigurationError when asked for HTTP/2."""
        if self.http != HTTPModes.http1:
            logger.error("HTTP/2 ends at the proxy: leave GRANIAN_HTTP and --http at 1")
            raise ConfigurationError("http")
        super().serve(*arguments, **options)

    def _init_shared_socket(self) -> None:
        self._channels, self._ready, self._listeners = {}, set(), {}
        self._sso = None
        if self.bind_uds:
            super()._init_shared_socket()

    def _bound(self) -> socket.socket:
        """A socket at our address; the kernel leaves it alone until a process listens."""
        family, kind, protocol, _, address = socket.getaddrinfo(
            self.bind_addr, self.bind_port, type=socket.SOCK_STREAM
        )[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Of each connection, or answers in two parts would wait for the client's acknowledgement.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Of each connection, too: nothing else ends the wait for a client that does not read.
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

    def _leave_to_others(self) -> None:
        """Have the kernel give the connections of processes that have died to the others."""
        for worker in self.wrks:
            if not worker.is_alive():
                self._forget_listener(worker)

    def _forget_listener(self, worker: WorkerProcess) -> None:
        listener = self._listeners.pop(worker, None)
        if listener is None or listener in self._listeners.values():
            return  # that of the process that takes its place
        # Not only closed: other processes have inherited it.
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
        """The CPU that a process keeps to; None where it may use all."""
        if not hasattr(os, "sched_getaffinity"):  # macOS
            return None
        cpus = sorted(os.sched_getaffinity(0))
        # Of fewer processes, which share the machine with others, all would take the first ones.
        return cpus[idx % len(cpus)] if self.workers >= len(cpus) else None

    def _respawn_workers(
        self,
        workers: Sequence[int],
        spawn_target: Callable[..., None],
        target_loader: Callable[[], Any],
        delay: float = 0,
    ) -> None:
        self._leave_to_others()
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
            self.interrupt_children.append(idx)  # to be tried again, and for the exit code
            if any(worker.is_alive() for worker in self.wrks):
                time.sleep(RETRY_SECONDS)
                self.main_loop_interrupt.set()
            else:
                self.signal_handler_interrupt()
                return

    def _is_ready(self, worker: WorkerProcess, within_seconds: float = READY_SECONDS) -> bool:
        """Whether it lives and has loaded the application, `within_seconds` from now."""
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
            self._leave_to_others()
        return worker in self._ready and worker.is_alive()

    def _end(self, worker: WorkerProcess, *, drain: bool) -> None:
        channel = self._channels.pop(worker)
        self._ready.discard(worker)
        self._forget_listener(worker)
        if drain:
            with suppress(OSError):  # it has ended meanwhile
                channel.send_bytes(b"drain")
            time.sleep(DRAIN_SECONDS)
        channel.close()
        worker.terminate()
        worker.join(self.workers_kill_timeout)
        if worker.is_alive():
            logger.warning("A web process is killed that did not end by itself")
            worker.kill()
            worker.join()


def _load(
    load: Callable[[], Any],
    channel: Connection,
    listener: socket.socket | None,
    backlog: int,
    cpu: int | None,
) -> Any:
    """In a new process: load the application, listen, say so, and wait to be told what to do."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)  # a forked one has them held already
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})  # of this thread and all that it starts
    give_back_large_blocks()
    is_loaded = Event()
    Thread(target=_end_when_told, args=[is_loaded], name="end", daemon=True).start()
    application = load()
    is_loaded.set()
    if listener is not None:
        # Here, since it belongs to the application, whose code a reload loads anew.
        from gatewayz.web import silent_connections

        silent_connections.watch(listener.getsockname()[1])
        listener.listen(backlog)
    channel.send_bytes(b"ready")
    Thread(target=_drain_when_told, args=[channel], name="drain", daemon=True).start()
    return application


def _end_when_told(is_loaded: Event) -> None:
    """Wait for SIGTERM, which is held back in all threads of this process, and end it.

    Granian's handler runs in the main thread, which waits at a lock: a signal that the kernel
    gives to another thread does not wake it. And a process that loads has that of its parent.

    Granian then waits for all its connections to end, and some do not: one whose client has sent
    half of its headers, and one that was accepted in the moment of the signal. So the process
    ends as soon as no request is being answered any more.
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
    """Whether the server has called the application, or has some of an answer to send."""
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
        # Forked siblings have the other end open, too, so that no end of file tells of its death.
        while not channel.poll(ORPHAN_SECONDS):
            if os.getppid() != parent:
                raise EOFError
        channel.recv_bytes()
    except (EOFError, OSError):
        # Whoever takes its place could not know of us, who would get a share of what comes.
        os.kill(os.getpid(), signal.SIGTERM)
        return
    draining.begin()
    _leave_listening_sockets()


def _leave_listening_sockets() -> None:
    """Put a socket that nobody knows in the place of each listening one of this process.

    Granian can stop listening only together with closing its connections. The process in its
    place has the same socket open, so nothing of its queue is lost.
    """
    with socket.socket() as nobody_knows:
        nobody_knows.bind(("127.0.0.1", 0))
        nobody_knows.listen(1)
        nobody_knows.setblocking(False)
        for descriptor in [int(path.name) for path in Path("/dev/fd").iterdir()]:
            with suppress(OSError):  # closed meanwhile
                if _is_listening(descriptor):
                    os.dup2(nobody_knows.fileno(), descriptor, inheritable=False)


def _is_listening(descriptor: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        return bool(copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def main() -> None:
    """The command line: granian's, with other defaults."""
    cli.Server = Server  # type: ignore[attr-defined]
    logger.addFilter(lambda record: not record.getMessage().startswith(_ADVICE))
    os.register_at_fork(
        before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, _HELD),
        after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _HELD),
    )
    cli.cli(
        [*sys.argv[1:], "gatewayz.wsgi:application"],
        auto_envvar_prefix="GRANIAN",
        default_map=_DEFAULTS,
    )
