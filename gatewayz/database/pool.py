"""The connections that the threads of a web process share."""

import logging
import time
from collections.abc import Callable
from threading import Condition, Thread

from psycopg import Error, OperationalError

from gatewayz.database.connections import BoundedConnection

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.1
# PostgreSQL's processes grow with what they have seen.
MAX_AGE_SECONDS = 3600.0


class NoConnectionError(OperationalError):
    """No connection was free, or none could be made, in time. Nothing was sent."""


class Pool:
    """At most `max_size` connections, made by `connect` when they are needed.

    Who waits for one waits no longer than it says: connecting is done by other threads, which
    go on as long as anybody waits, every RECONNECT_SECONDS. So the first connection after an
    outage is there at once, for whoever waits by then.

    Instead of psycopg_pool, whose pauses between attempts double: it would stay away for as
    long again as the outage took.
    """

    def __init__(self, connect: Callable[[], BoundedConnection], max_size: int) -> None:
        self.max_size = max_size
        self._connect = connect
        self._idle: list[BoundedConnection] = []
        self._size = 0  # idle, in use, and being made
        self._connecting = 0
        self._waiting = 0
        self._errors = 0
        self._failure: Error | None = None
        self._changed = Condition()

    def take(self, timeout_seconds: float) -> BoundedConnection:
        """A connection that was alive a moment ago, to be given back by `put`.

        The one used last comes first, so that those too many fall idle and are closed by none
        but the server. Raises NoConnectionError after `timeout_seconds`.
        """
        until = time.monotonic() + timeout_seconds
        with self._changed:
            self._waiting += 1
            try:
                while True:
                    while self._idle:
                        connection = self._idle.pop()
                        if not connection.is_gone():
                            return connection
                        self._discard(connection)
                    if self._size < self.max_size and self._connecting < self._waiting:
                        self._start_connecting()
                    # After the last wait it looks again: it may have been woken too late to
                    # know, and nobody else is woken for what came.
                    left_seconds = until - time.monotonic()
                    if left_seconds <= 0:
                        self._errors += 1
                        raise NoConnectionError(
                            f"no connection within {timeout_seconds:.1f} s"
                        ) from self._failure
                    self._changed.wait(left_seconds)
            finally:
                self._waiting -= 1

    def put(self, connection: BoundedConnection) -> None:
        """Give back what `take` gave; one not at rest, or old, is replaced when it is needed."""
        with self._changed:
            if not connection.is_at_rest or connection.age_seconds > MAX_AGE_SECONDS:
                self._discard(connection)
            else:
                self._idle.append(connection)
            if self._waiting:
                self._changed.notify()

    def close(self) -> None:
        """Close the idle connections; those in use are still given back."""
        with self._changed:
            while self._idle:
                self._discard(self._idle.pop())

    def get_stats(self) -> dict[str, int]:
        """Its connections, the idle ones, who waits, and who got none: named as psycopg_pool's."""
        with self._changed:
            return {
                "pool_max": self.max_size,
                "pool_size": self._size,
                "pool_available": len(self._idle),
                "requests_waiting": self._waiting,
                "requests_errors": self._errors,
            }

    def _discard(self, connection: BoundedConnection) -> None:
        connection.close()
        self._size -= 1

    def _start_connecting(self) -> None:
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
                    with self._changed:
                        if self._failure is None:
                            logger.warning("PostgreSQL cannot be connected to: %s", error)
                        self._failure = error
                        if not self._waiting:
                            return
                    time.sleep(RECONNECT_SECONDS)
        finally:
            with self._changed:
                self._connecting -= 1
                if connection is None:
                    self._size -= 1
                else:
                    self._failure = None
                    self._idle.append(connection)
                self._changed.notify()
