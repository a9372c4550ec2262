"""A connection to PostgreSQL on which nobody waits long past the deadline of the request."""

import select
import time
from collections.abc import Sequence
from typing import Any

from psycopg import Connection, Cursor, OperationalError
from psycopg.abc import PQGen
from psycopg.errors import AdminShutdown, CrashShutdown, Diagnostic, _WaitTimeout
from psycopg.pq import TransactionStatus

from gatewayz.request import deadline

# A statement that was sent is waited for so long at the least, however late the request is. To
# give it up costs the connection, and nobody learns whether it took effect.
GRACE_SECONDS = 0.25


class InDoubtError(OperationalError):
    """A COMMIT, or a statement that is a transaction by itself, was sent and its answer not heard.

    It may have taken effect, it may not have, or it may do so in a moment.
    """


class CommitInDoubtError(InDoubtError):
    """It was a COMMIT."""


class BoundedConnection(Connection[Any]):
    """Gives up, and closes itself, when a statement is not through by the request's deadline.

    The time-outs of the server are of no use when the network swallows its answers, nor are
    those of TCP while the other side's kernel acknowledges what nobody reads. The server notices
    that its client has gone, and ends the statement, by `client_connection_check_interval`.

    Says of each statement whose connection the server had ended before that it never ran.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._made_at = time.monotonic()
        self._farewell: str | None = None
        self._is_committing = False
        self.add_notice_handler(self._look_for_farewell)
        self._fetching = Cursor(self)
        self._poll = select.poll()
        self._poll.register(self.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self._made_at

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        farewell = self._farewell
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
            if farewell is not None:
                raise AdminShutdown(farewell) from error
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
        """The error for a statement whose answer will not be heard any more."""
        if self._is_committing:
            return CommitInDoubtError(message)
        # In a transaction nothing takes effect without its COMMIT.
        return InDoubtError(message) if self.autocommit else OperationalError(message)

    def _look_for_farewell(self, notice: Diagnostic) -> None:
        # An error that answers no statement: libpq has read it together with the answer to the
        # one before. The next may be sent before the server closes the connection.
        if notice.severity_nonlocalized == "FATAL":
            self._farewell = notice.message_primary

    def fetch(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement, whose parameters PostgreSQL puts in."""
        return self._fetching.execute(sql, params).fetchall()

    @property
    def is_reusable(self) -> bool:
        """Whether it is as it was made: open, in no transaction, and each statement is one."""
        return self.autocommit and self.pgconn.transaction_status == TransactionStatus.IDLE

    def is_gone(self) -> bool:
        """Whether the server has closed this idle connection; costs no round trip."""
        if self.closed or self._farewell is not None:
            return True
        # An idle server has nothing to say but its farewell.
        return bool(self._poll.poll(0))
