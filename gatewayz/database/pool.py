"""A pool of the connections that the threads of a web process share."""

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread

from psycopg import Error, OperationalError

from gatewayz.database.connections import BoundedConnection

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.1
# A PostgreSQL process grows with the number of tables and plans that it caches.
MAX_AGE_SECONDS = 3600.0


class NoConnectionError(OperationalError):
    """No connection was free or could be opened in time. Nothing was sent."""


class _Waiter:
    """A thread that waits for a connection; `signal` is released when it gets one."""

    __slots__ = ("connection", "signal")

    def __init__(self) -> None:
        self.connection: BoundedConnection | None = None
        self.signal = Lock()
        self.signal.acquire()


class Pool:
    """At most `max_size` connections, opened by `connect` when they are needed.

    Threads that find no free connection wait in a queue, first come, first served.

    No thread waits longer than it asked to. Other threads open connections, and try again every
    RECONNECT_SECONDS as long as the queue is not empty. So after an outage, the thread that waits
    then gets the first connection immediately.

    psycopg_pool was tried instead, with `check=` and constant pauses between attempts. It fails
    `test_a_free_connection_is_handed_out_even_without_time_to_wait` and
    `test_the_error_says_why_there_is_no_connection`, and opens connections that no
    thread waits for (`test_a_connection_is_reused`). Taking and returning a connection costs
    30 µs of CPU instead of 5.
    """

    def __init__(self, connect: Callable[[], BoundedConnection], max_size: int) -> None:
        self.max_size = max_size
        self._connect = connect
        self._idle: list[BoundedConnection] = []
        self._size = 0  # idle, in use, and being opened
        self._connecting = 0
        self._waiters: deque[_Waiter] = deque()
        self._errors = 0
        self._failure: Error | None = None
        self._lock = Lock()

    def take(self, timeout_seconds: float) -> BoundedConnection:
        """Return a connection that was alive a moment ago; give it back by `put`.

        Prefers the one that was used last, so that surplus connections stay idle. Raises
        NoConnectionError after `timeout_seconds`.
        """
        with self._lock:
            # While threads wait, no connection is idle.
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_gone():
                    return connection
                self._discard(connection)
            waiter = _Waiter()
            self._waiters.append(waiter)
            try:
                self._connect_for_waiters()
            except RuntimeError:
                self._waiters.remove(waiter)
                raise
        waiter.signal.acquire(timeout=max(0.0, timeout_seconds))
        with self._lock:
            if waiter.connection is not None:  # it may have come just now
                return waiter.connection
            self._waiters.remove(waiter)
            self._errors += 1
            raise NoConnectionError(f"no connection within {timeout_seconds:.1f} s") from (
                self._failure
            )

    def put(self, connection: BoundedConnection) -> None:
        """Give back a connection from `take`. One that is not reusable, or old, is closed."""
        with self._lock:
            if (
                not connection.is_reusable
                or connection.age_seconds > MAX_AGE_SECONDS
                or (self._waiters and connection.is_gone())
            ):
                self._discard(connection)
                self._connect_for_waiters()
            else:
                self._give(connection)

    def get_stats(self) -> dict[str, int]:
        """Return the numbers of connections, waiting threads and errors, as psycopg_pool does."""
        with self._lock:
            return {
                "pool_max": self.max_size,
                "pool_size": self._size,
                "pool_available": len(self._idle),
                "requests_waiting": len(self._waiters),
                "requests_errors": self._errors,
            }

    def _discard(self, connection: BoundedConnection) -> None:
        connection.close()
        self._size -= 1

    def _give(self, connection: BoundedConnection) -> None:
        if self._waiters:
            waiter = self._waiters.popleft()
            waiter.connection = connection
            waiter.signal.release()
        else:
            self._idle.append(connection)

    def _connect_for_waiters(self) -> None:
        """Start a connecting thread for each waiter that has none, up to `max_size`."""
        while self._size < self.max_size and self._connecting < len(self._waiters):
            # Started before counting, because this may fail. The thread then waits for the lock.
            Thread(target=self._keep_connecting, name="database-connect", daemon=True).start()
            self._size += 1
            self._connecting += 1

    def _keep_connecting(self) -> None:
        connection = None
        try:
            while connection is None:
                try:
                    connection = self._connect()
                except Error as error:
                    with self._lock:
                        if self._failure is None:
                            logger.warning("Cannot connect to PostgreSQL: %s", error)
                        self._failure = error
                        if not self._waiters:
                            return
                    time.sleep(RECONNECT_SECONDS)
        finally:
            with self._lock:
                self._connecting -= 1
                if connection is None:
                    self._size -= 1
                    # A waiter may have come while this thread was giving up.
                    self._connect_for_waiters()
                else:
                    self._failure = None
                    self._give(connection)
