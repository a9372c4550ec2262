"""Django's PostgreSQL backend with bounded waits, a pool, and retries where these are safe.

`ENGINE = "gatewayz.database"`. OPTIONS may have `pool_size`, how many connections the threads of
this process share, and `pool_timeout`, how many seconds a request waits for one of them.
"""

from collections.abc import Callable
from datetime import UTC
from threading import Lock, local
from typing import Any, ClassVar, cast

import psycopg
from django.db import Error, OperationalError
from django.db.backends.base.base import RAN_DB_VERSION_CHECK
from django.db.backends.postgresql import base
from django.utils.asyncio import async_unsafe

from gatewayz.database.after_commit import AfterCommit, is_commit_in_doubt
from gatewayz.database.client import DatabaseClient
from gatewayz.database.connections import BoundedConnection, InDoubtError, Parameters
from gatewayz.database.pool import Pool
from gatewayz.database.timestamps import with_fast_times
from gatewayz.request import deadline

# Errors with which the server says that it did not run the statement, or rolled it back. Neither
# a crash of the server (57P02) nor a broken connection says so. See also `_is_undone`.
_NEVER_RAN = (
    psycopg.errors.AdminShutdown,
    # The server was the primary and is a standby now.
    psycopg.errors.ReadOnlySqlTransaction,
)

# More than one, because other connections of the pool may be lost too.
_RETRIES = 3


class _ThreadState(local):
    """This thread's wrappers that hold a pooled connection."""

    def __init__(self) -> None:
        self.borrowers: set[DatabaseWrapper] = set()


_thread = _ThreadState()


class TooLateError(OperationalError):
    """The request's deadline has passed. Nothing was sent, and the connection is unchanged."""


def _check_deadline() -> None:
    if deadline.has_passed():
        raise TooLateError("the deadline of the request passed before the statement")


def give_back_connections(**_: Any) -> None:
    """Return the pooled connections that this thread holds; a receiver of `request_finished`.

    Like Django's `close_old_connections`, which looks at every configured database.
    """
    for borrower in tuple(_thread.borrowers):
        borrower.close_if_unusable_or_obsolete()


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes connections from our own pool, or opens one, and retries statements that were lost."""

    client_class = DatabaseClient

    pools: ClassVar[dict[str, Pool]] = {}
    _pools_lock = Lock()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        given = self.settings_dict["OPTIONS"]
        self.pool_size: int = given.get("pool_size", 0)
        self.pool_timeout_seconds: float = given.get("pool_timeout", 0.0)
        self.execute_wrappers.append(self._retry_if_safe)

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params.pop("pool_size", None)
        params.pop("pool_timeout", None)
        if self.timezone is UTC:
            params["context"] = with_fast_times(params["context"])
        return params

    @property
    def pool(self) -> None:
        """Always None: Django's own support for pools expects psycopg_pool."""
        return

    @property
    def shared_connections(self) -> Pool | None:
        """The pool of this process; None when each thread has its own connection."""
        if not self.pool_size:
            return None
        pool = self.pools.get(self.alias)
        if pool is None:
            with self._pools_lock:
                pool = self.pools.setdefault(self.alias, Pool(self._connect_new, self.pool_size))
        return pool

    def _connect_new(self) -> BoundedConnection:
        """Open a connection for the pool, configured as Django configures its own."""
        connection = self.get_new_connection({**self.get_connection_params(), "autocommit": True})
        try:
            self._configure_connection(connection)  # type: ignore[attr-defined]
        except psycopg.Error:
            connection.close()
            raise
        return connection

    @async_unsafe
    def connect(self) -> None:
        """Take a connection from the pool for the rest of the request, or open one."""
        pool = self.shared_connections
        if pool is None:
            super().connect()
            return
        self.connection = pool.take(deadline.within_deadline(self.pool_timeout_seconds))
        _thread.borrowers.add(self)
        # As in Django's `connect`: clear the state of the connection before.
        self.autocommit = True
        self.in_atomic_block = self.needs_rollback = False
        self.closed_in_transaction = self.errors_occurred = False
        self.savepoint_ids, self.atomic_blocks, self.run_on_commit = [], [], []
        self.close_at = 0.0
        if self.alias not in RAN_DB_VERSION_CHECK:
            self.init_connection_state()

    @async_unsafe
    def ensure_connection(self) -> None:
        # Replaces a lost connection immediately, not only in the next request.
        if self.connection is not None and self.connection.closed and not self.in_atomic_block:
            self.close()
        super().ensure_connection()

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        return BoundedConnection.connect(**conn_params)

    def _close(self) -> None:
        pool = self.shared_connections
        if pool is None:
            super()._close()  # type: ignore[misc]
        elif self.connection is not None:
            connection, self.connection = self.connection, None
            _thread.borrowers.discard(self)
            pool.put(connection)

    def set_autocommit(self, autocommit: bool, *arguments: Any, **options: Any) -> None:
        if autocommit and self.connection is None:
            # A transaction has lost its connection. The next statement opens another one.
            self.autocommit = True
            return
        super().set_autocommit(autocommit, *arguments, **options)

    def _commit(self) -> None:
        after_commit = [
            work for _, work, *_ in self.run_on_commit if isinstance(work, AfterCommit)
        ]
        for work in after_commit:
            if work.before is not None:
                work.before()
        _check_deadline()
        try:
            super()._commit()  # type: ignore[misc]
        except OperationalError as error:
            if is_commit_in_doubt(error):
                for work in after_commit:
                    work.run_in_doubt()
            raise

    def fetch_autocommit(
        self,
        sql: str,
        params: Parameters,
        *,
        prepare: bool | None = None,
        avoid_seq_scan: bool = False,
    ) -> list[tuple[Any, ...]]:
        """Run one statement as its own transaction, and return its rows.

        Borrows a pooled connection only while the statement runs, and bypasses Django's cursors,
        which cost more than the statement. In a transaction, without a pool, or when queries are
        logged, it is an ordinary statement.

        With `prepare=False`, PostgreSQL plans it for the values that it has: for a statement whose
        best plan depends on them. Otherwise it is prepared once it is known to be frequent. With
        `avoid_seq_scan`, PostgreSQL prefers any index (on a borrowed connection only): for rows
        so large that it underestimates what reading all of them costs.

        Raises what Django's cursors raise. A statement that certainly never ran is retried, and so
        is a SELECT that was lost.
        """
        _check_deadline()
        pool = self.shared_connections
        is_used = self.connection is not None or self.in_atomic_block
        if pool is None or is_used or self.queries_logged:
            with self.cursor() as cursor:
                cursor.execute(sql, params)
                return cast("list[tuple[Any, ...]]", cursor.fetchall())
        options = {"prepare": prepare, "avoid_seq_scan": avoid_seq_scan}
        with self.wrap_database_errors:
            may_be_lost = (InDoubtError,) if _is_select(sql) else ()
            for _ in range(_RETRIES):
                try:
                    return self._fetch_borrowed(pool, sql, params, **options)
                except (*_NEVER_RAN, *may_be_lost) as error:
                    if deadline.has_passed() or not self._is_undone(error, sql):
                        raise
            return self._fetch_borrowed(pool, sql, params, **options)

    def _fetch_borrowed(
        self, pool: Pool, sql: str, params: Parameters, **options: Any
    ) -> list[tuple[Any, ...]]:
        connection = pool.take(deadline.within_deadline(self.pool_timeout_seconds))
        try:
            return connection.fetch(sql, params, **options)
        except _NEVER_RAN:
            connection.close()
            raise
        finally:
            pool.put(connection)

    def _retry_if_safe(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        """Run a statement, and retry it on another connection if that is safe.

        It is safe when this connection was lost and the statement only reads, or when the server
        says that it never ran. In a transaction it never is, because the statements before it are
        lost too.
        """
        _check_deadline()
        cursor = context["cursor"]
        for _ in range(_RETRIES):
            try:
                return execute(sql, params, many, context)
            except Error as error:
                if (
                    self.in_atomic_block
                    or many
                    or isinstance(cursor.cursor, psycopg.ServerCursor)
                    or deadline.has_passed()
                    or not self._is_lost(error, sql)
                ):
                    raise
                self.close()
                self.ensure_connection()
                cursor.cursor = self.create_cursor()
        return execute(sql, params, many, context)

    def _is_lost(self, error: Error, sql: Any) -> bool:
        if isinstance(error.__cause__, _NEVER_RAN):
            if self.connection is not None:
                self.connection.close()
                self.close()
            return self._is_undone(error.__cause__, sql)
        is_broken = self.connection is not None and self.connection.closed
        return is_broken and _is_select(sql)

    def _is_undone(self, error: psycopg.Error, sql: Any) -> bool:
        """Whether a statement that the server has ended may run again.

        A coordinator of Citus that ends a connection may have committed on another server before.
        """
        was_shut_down = isinstance(error, psycopg.errors.AdminShutdown)
        return not was_shut_down or _is_select(sql) or not self.has_citus()

    def has_citus(self) -> bool:
        """Whether the database has the extension Citus. Each process asks once."""
        if self.alias not in _with_citus:
            ((found,),) = self.fetch_autocommit(_HAS_CITUS, ())
            _with_citus[self.alias] = found
        return _with_citus[self.alias]


_HAS_CITUS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
# By the alias of the database.
_with_citus: dict[str, bool] = {}


def _is_select(sql: Any) -> bool:
    return isinstance(sql, str) and sql.lstrip().startswith("SELECT")
