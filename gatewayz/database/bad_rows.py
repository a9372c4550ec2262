"""Work on the rows of many users at once, in which a bad row of one must not fail the others."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg
from django.db import DatabaseError, Error, OperationalError

# SQLSTATE class 54, a limit of the database: metadata nested too deeply, for instance. Django
# takes it for an OperationalError, but no later attempt would do better.
_LIMIT_EXCEEDED = "54"

Row = TypeVar("Row")


def is_caused_by_rows(error: Exception) -> bool:
    """Whether work failed because of its rows, and not because the database did not answer.

    With fewer rows, or other ones, it may succeed: one of them is refused, overflows in a sum, or
    makes a statement take longer than its time-out.
    """
    if not isinstance(error, Error):
        return True
    if not isinstance(error, OperationalError):
        return isinstance(error, DatabaseError)
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    return _is_late(error) or sqlstate.startswith(_LIMIT_EXCEEDED)


def skipping_bad_rows(
    rows: Sequence[Row],
    work: Callable[[Sequence[Row]], int],
    set_aside: Callable[[Row, Exception], None],
    *,
    max_bad: int | None = None,
    max_late: int = 0,
) -> int:
    """Do `work` on all `rows` but those that make it fail, which go to `set_aside`.

    `work` is called with all rows, then with halves of those with which it failed, down to the
    row at fault. It has to leave nothing half done, or be able to do it again.

    With `max_late`, work that takes longer than the statement time-out is done row by row, and
    so many rows may be late again; without it, being late is no fault of a row.

    Returns the sum of what `work` returned. Raises what `work` does when that does not lie in its
    rows, or when there are more bad or late rows: then more is wrong than single rows.
    """
    bad = late = 0

    def go_on(part: Sequence[Row]) -> int:
        nonlocal bad, late
        try:
            return work(part)
        except Exception as error:
            is_late = _is_late(error)
            if not is_caused_by_rows(error) or (is_late and not max_late):
                raise
            if len(part) == 1:
                bad, late = bad + 1, late + is_late
                if late > max_late or (max_bad is not None and bad > max_bad):
                    raise
                set_aside(part[0], error)
                return 0
            size = 1 if is_late else (len(part) + 1) // 2
        return sum(go_on(part[start : start + size]) for start in range(0, len(part), size))

    return go_on(rows) if rows else 0


def _is_late(error: Exception) -> bool:
    return isinstance(error.__cause__, psycopg.errors.QueryCanceled)
