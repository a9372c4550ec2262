"""How one table of the old service becomes a table of this one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Computed = dict[str, Any]


@dataclass(frozen=True)
class TablePlan:
    """What is read from an old table, and what is written to the new one, as SQL.

    An old row passes two steps, and each expression may use the columns of the step before it:
    `page` has `old_columns` (and what `compute` made), `judged` has those and `judged`.
    """

    table: str
    # The columns that are read, each as the PostgreSQL type it is read as. One that the old
    # table does not have is NULL, unless it is among `required`.
    old_columns: Mapping[str, str]
    required: frozenset[str]
    # New column → expression over `judged`. Columns that the new table lacks are left out.
    columns: Mapping[str, str]
    # Why a row is left behind → when, over `page`. The first that holds is told.
    skipped: Mapping[str, str] = field(default_factory=dict)
    # Facts to decide by, over `page`, such as whether a value is taken already.
    judged: Mapping[str, str] = field(default_factory=dict)
    # What is changed in an adopted row → when, over `judged`.
    noted: Mapping[str, str] = field(default_factory=dict)
    # For what only Python can make: called with an old row's `computed_from`, gives the values
    # of `computed`, each of a PostgreSQL type.
    compute: Callable[..., Computed] | None = None
    computed_from: tuple[str, ...] = ()
    computed: Mapping[str, str] = field(default_factory=dict)
    # Of the statement, for values that are no SQL.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    # Further common table expressions, over `copied`, the rows just written.
    also: Mapping[str, str] = field(default_factory=dict)


def taken_before(column: str, *, per: str = "", where: str) -> str:
    """Whether another row has the value already: a new row (`where`), or one before in the page.

    `column` is an expression over `page`; with `per`, another one, only rows alike in it count.
    """
    alike = f"{per}, {column}" if per else column
    return (
        f"{column} IS NOT NULL AND (EXISTS (SELECT {where}) OR row_number() OVER "
        f"(PARTITION BY {alike}, skipped_because IS NULL ORDER BY page.id) > 1)"
    )
