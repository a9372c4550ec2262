"""A PostgreSQL connection that gives up soon after the request's deadline."""

import select
import time
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection, Cursor, OperationalError
from psycopg.abc import PQGen
from psycopg.errors import AdminShutdown, CrashShutdown, Diagnostic, _WaitTimeout
from psycopg.pq import TransactionStatus

from gatewayz.request import deadline

# By place or by name.
Parameters = Sequence[Any] | Mapping[str, Any]

# The shortest wait for a statement that was sent, however late the request is. Giving up costs the
# connection, and nobody learns whether the statement took effect.
GRACE_SECONDS = 0.25


class InDoubtError(OperationalError):
    """A COMMIT, or a statement outside a transaction, was sent and no answer was received.

    It may have taken effect, or not, or it may do so in a moment.
    """


class CommitInDoubtError(InDoubtError):
    """A COMMIT was sent and no answer was received."""


class BoundedConnection(Connection[Any]):
    """Gives up and closes itself when a statement is not answered by the request's deadline.

    The server's time-outs do not help when the network loses its answers. Nor do those of TCP
    while the other side's kernel acknowledges data that no process reads. The server notices that
    its client is gone by `client_connection_check_interval`, and then ends the statement.

    When the server had ended the connection before a statement was sent, raises AdminShutdown:
    the statement never ran.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._made_at = time.monotonic()
        self._shutdown_message: str | None = None
        self._is_committing = False
        self.add_notice_handler(self._note_shutdown)
        self._fetching = Cursor(self)
        self._poll = select.poll()
        self._poll.register(self.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self._made_at

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        shutdown_message = self._shutdown_message
        left_seconds = deadline.remaining_seconds()
        if left_seconds is not None:
            timeout = max(left_seconds, GRACE_SECONDS)
        try:
            return super().wait(gen, interval, timeout)
        except _WaitTimeout:
            if left_seconds is None:
                raise
            self.pgconn.finish()
            raise self._lost("the deadline of the request passed") from None
        except OperationalError as error:
            if shutdown_message is not None:
                raise AdminShutdown(shutdown_message) from error
            if isinstance(error, CrashShutdown) or (self.closed and error.sqlstate is None):
                raise self._lost(str(error)) from error
            raise

    def commit(self) -> None:
        self._is_committing = True
        try:
            super().commit()
        finally:
            self._is_committing = False

    def _lost(self, message: str) -> OperationalError:
        """The error for a statement whose answer will never be received."""
        if self._is_committing:
            return CommitInDoubtError(message)
        # In a transaction, nothing takes effect without its COMMIT.
        return InDoubtError(message) if self.autocommit else OperationalError(message)

    def _note_shutdown(self, notice: Diagnostic) -> None:
        # libpq read this error together with the answer to the statement before, so it belongs to
        # no statement. The next statement may still be sent before the server closes the
        # connection.
        if notice.severity_nonlocalized == "FATAL":
            self._shutdown_message = notice.message_primary

    def fetch(
        self,
        sql: str,
        params: Parameters,
        *,
        prepare: bool | None = None,
        avoid_seq_scan: bool = False,
    ) -> list[tuple[Any, ...]]:
        """Run a statement with parameters bound by PostgreSQL, and return its rows."""
        if not avoid_seq_scan:
            return self._fetching.execute(sql, params, prepare=prepare, binary=True).fetchall()
        # The statements of a pipeline are one transaction, and one round trip.
        with self.pipeline():
            self.execute("SELECT set_config('enable_seqscan', 'off', true)")
            self._fetching.execute(sql, params, prepare=prepare, binary=True)
        return self._fetching.fetchall()

    @property
    def is_reusable(self) -> bool:
        """Whether the next request may use it: it is open, in autocommit, in no transaction."""
        return self.autocommit and self.pgconn.transaction_status == TransactionStatus.IDLE

    def is_gone(self) -> bool:
        """Whether the server has closed this idle connection. Costs no round trip."""
        if self.closed or self._shutdown_message is not None:
            return True
        # The server sends nothing to an idle connection except that it closes it.
        return bool(self._poll.poll(0))
