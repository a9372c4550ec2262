"""Batches of many users' rows, in which one bad row must not fail the others."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg
from django.db import DatabaseError, Error, OperationalError

# SQLSTATE class 54, a limit of the database was exceeded: metadata is nested too deeply, for
# instance. Django raises OperationalError for it, but trying again later would not help.
_LIMIT_EXCEEDED = "54"

Row = TypeVar("Row")


def is_caused_by_rows(error: Exception) -> bool:
    """Whether work failed because of its rows, and not because the database did not answer.

    It may then succeed with fewer or other rows: the database rejects one of them, a sum
    overflows, or the statement takes longer than its time-out.
    """
    if not isinstance(error, Error):
        return True
    if not isinstance(error, OperationalError):
        return isinstance(error, DatabaseError)
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    return is_late(error) or sqlstate.startswith(_LIMIT_EXCEEDED)


def skipping_bad_rows(
    rows: Sequence[Row],
    work: Callable[[Sequence[Row]], int],
    set_aside: Callable[[Row, Exception], None],
    *,
    max_bad: int | None = None,
    max_late: int = 0,
) -> int:
    """Do `work` on all `rows` except those that make it fail; pass these to `set_aside`.

    `work` is called with all rows. When that fails, it is called with each half, and so on down to
    the row at fault. So a call that fails must change nothing, or be safe to repeat.

    With `max_late`, a batch that exceeds the statement time-out is repeated row by row, and up to
    `max_late` of these may exceed it again. Without it, a time-out is not blamed on a row.

    Returns the sum of what `work` returned. Raises the error of `work` when its rows did not cause
    it, or when there are more than `max_bad` bad or `max_late` late rows: then something else is
    wrong.
    """
    bad = late = 0

    def work_on(part: Sequence[Row]) -> int:
        nonlocal bad, late
        try:
            return work(part)
        except Exception as error:
            timed_out = is_late(error)
            if not is_caused_by_rows(error) or (timed_out and not max_late):
                raise
            if len(part) == 1:
                bad, late = bad + 1, late + timed_out
                if late > max_late or (max_bad is not None and bad > max_bad):
                    raise
                set_aside(part[0], error)
                return 0
            size = 1 if timed_out else (len(part) + 1) // 2
        return sum(work_on(part[start : start + size]) for start in range(0, len(part), size))

    return work_on(rows) if rows else 0


def is_late(error: Exception) -> bool:
    """Whether a statement has exceeded its time-out."""
    return isinstance(error.__cause__, psycopg.errors.QueryCanceled)
