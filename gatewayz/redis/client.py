"""redis-py's client without its metrics for each command.

Not used with tracing, which instruments redis-py's own classes; see the settings.
"""

from typing import Any, cast

from redis import ConnectionPool, Redis
from redis.connection import Connection
from redis.exceptions import RedisError


class Client(Redis):
    """Leaves out OpenTelemetry's metrics of commands, which cost as much as the commands."""

    def execute_command(self, *command: Any, **options: Any) -> Any:
        """Send a command and return its answer. Raises redis.exceptions.RedisError."""
        pool = self.connection_pool
        connection = pool.get_connection()

        def exchange() -> Any:
            connection.send_command(*command, **options)
            return self.parse_response(connection, command[0], **options)

        try:
            return connection.retry.call_with_retry(exchange, lambda _: connection.disconnect())
        finally:
            pool.release(connection)


class Pool(ConnectionPool):
    """Leaves out the metrics of connections, and checks for new credentials between commands."""

    def get_connection(self, *_: Any, **__: Any) -> Connection:
        """Take a connection that is alive. Raises redis.exceptions.RedisError."""
        self._checkpid()
        connection = None
        with self._lock:
            if self._available_connections:
                connection = self._available_connections.pop()
                self._in_use_connections.add(connection)
        if connection is not None:
            if connection.is_connected and _is_quiet(connection):
                return cast("Connection", connection)
            self.release(connection)
        return super().get_connection()

    def release(self, connection: Connection) -> None:  # type: ignore[override]
        """Return a connection to the pool."""
        if connection.should_reconnect() or not self.owns_connection(connection):
            super().release(connection)
            return
        with self._lock:
            self._in_use_connections.remove(connection)
            self._available_connections.append(connection)


def _is_quiet(connection: Connection) -> bool:
    """Whether Redis has not closed the connection, and nothing is left to read on it."""
    try:
        return not connection.can_read()
    except (RedisError, OSError):
        return False
