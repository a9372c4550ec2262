"""The client of Redis: redis-py's, without what that measures of each command.

Not for tracing, which hooks into redis-py's own; see the settings.
"""

from typing import Any, cast

from redis import ConnectionPool, Redis
from redis.connection import Connection
from redis.exceptions import RedisError


class Client(Redis):
    """Leaves OpenTelemetry's metrics of commands out, which cost as much as the commands."""

    def execute_command(self, *command: Any, **options: Any) -> Any:
        """The answer to a command. Raises redis.exceptions.RedisError."""
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
    """Leaves the metrics of connections out, and what tells of a new password between commands."""

    def get_connection(self, *_: Any, **__: Any) -> Connection:
        """A connection that is alive. Raises redis.exceptions.RedisError."""
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
        """Take a connection back."""
        if connection.should_reconnect() or not self.owns_connection(connection):
            super().release(connection)
            return
        with self._lock:
            self._in_use_connections.remove(connection)
            self._available_connections.append(connection)


def _is_quiet(connection: Connection) -> bool:
    """Whether Redis has neither closed it nor left something to read."""
    try:
        return not connection.can_read()
    except (RedisError, OSError):
        return False
