"""The connections that the threads of a web process share."""

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread

from psycopg import Error, OperationalError

from gatewayz.database.connections import BoundedConnection

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.1
# PostgreSQL's processes grow with what they have seen.
MAX_AGE_SECONDS = 3600.0


class NoConnectionError(OperationalError):
    """No connection was free, or none could be made, in time. Nothing was sent."""


class _Turn:
    """A thread in line for a connection, which has one once `has_come` is released."""

    __slots__ = ("connection", "has_come")

    def __init__(self) -> None:
        self.connection: BoundedConnection | None = None
        self.has_come = Lock()
        self.has_come.acquire()


class Pool:
    """At most `max_size` connections, made by `connect` when they are needed.

    A thread that finds none waits in line, and each connection goes to the first in line: a
    thread that comes later cannot take it away from one that has been waiting for seconds.

    No thread waits longer than it says: connecting is done by other threads, which go on as long
    as any is in line, every RECONNECT_SECONDS. So the first connection after an outage is there
    immediately, for whichever thread waits by then.

    Instead of psycopg_pool, whose pauses between attempts double: it would stay away for as
    long again as the outage took.
    """

    def __init__(self, connect: Callable[[], BoundedConnection], max_size: int) -> None:
        self.max_size = max_size
        self._connect = connect
        self._idle: list[BoundedConnection] = []
        self._size = 0  # idle, in use, and being made
        self._connecting = 0
        self._line: deque[_Turn] = deque()
        self._errors = 0
        self._failure: Error | None = None
        self._lock = Lock()

    def take(self, timeout_seconds: float) -> BoundedConnection:
        """A connection that was alive a moment ago, to be given back by `put`.

        The one used last comes first, so that those too many fall idle and are closed by none
        but the server. Raises NoConnectionError after `timeout_seconds`.
        """
        with self._lock:
            # None is idle while others wait.
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_gone():
                    return connection
                self._discard(connection)
            turn = _Turn()
            self._line.append(turn)
            try:
                self._connect_for_line()
            except RuntimeError:
                self._line.remove(turn)
                raise
        turn.has_come.acquire(timeout=max(0.0, timeout_seconds))
        with self._lock:
            if turn.connection is not None:  # it may have come just now
                return turn.connection
            self._line.remove(turn)
            self._errors += 1
            raise NoConnectionError(f"no connection within {timeout_seconds:.1f} s") from (
                self._failure
            )

    def put(self, connection: BoundedConnection) -> None:
        """Give back what `take` gave; one not at rest, or old, is replaced when it is needed."""
        with self._lock:
            if (
                not connection.is_reusable
                or connection.age_seconds > MAX_AGE_SECONDS
                or (self._line and connection.is_gone())
            ):
                self._discard(connection)
                self._connect_for_line()
            else:
                self._give(connection)

    def close(self) -> None:
        """Close the idle connections; those in use are still given back."""
        with self._lock:
            while self._idle:
                self._discard(self._idle.pop())

    def get_stats(self) -> dict[str, int]:
        """Its connections, the idle ones, threads in line or in vain: as psycopg_pool's."""
        with self._lock:
            return {
                "pool_max": self.max_size,
                "pool_size": self._size,
                "pool_available": len(self._idle),
                "requests_waiting": len(self._line),
                "requests_errors": self._errors,
            }

    def _discard(self, connection: BoundedConnection) -> None:
        connection.close()
        self._size -= 1

    def _give(self, connection: BoundedConnection) -> None:
        if self._line:
            turn = self._line.popleft()
            turn.connection = connection
            turn.has_come.release()
        else:
            self._idle.append(connection)

    def _connect_for_line(self) -> None:
        """Begin to connect for those in line for whom nobody does yet, as far as there is room."""
        while self._size < self.max_size and self._connecting < len(self._line):
            # First, for it may fail; the thread has to wait until this one lets go of the lock.
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
                            logger.warning("PostgreSQL cannot be connected to: %s", error)
                        self._failure = error
                        if not self._line:
                            return
                    time.sleep(RECONNECT_SECONDS)
        finally:
            with self._lock:
                self._connecting -= 1
                if connection is None:
                    self._size -= 1
                    # For a thread that came while this one was giving up.
                    self._connect_for_line()
                else:
                    self._failure = None
                    self._give(connection)
