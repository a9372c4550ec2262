"""The client of Redis: redis-py's, without what that measures of each command."""

from typing import Any

from redis import Redis


class Client(Redis):
    """Leaves OpenTelemetry's metrics of commands out, which cost as much as the commands.

    Not for tracing, which hooks into redis-py's own; see the settings.
    """

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
