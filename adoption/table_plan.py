"""Plans that say how a table of the old service becomes a table of this one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Holds the old tables until they are dropped, and the progress of their adoption.
SCHEMA = "legacy"

Computed = dict[str, Any]


@dataclass(frozen=True)
class TablePlan:
    """The columns to read from an old table and to write to the new one, as SQL.

    A batch of old rows is a `page`, with `old_columns` and the values that `compute` returned.
    `derived` is the page with further columns, from which the new rows are made.
    """

    table: str
    # The columns to read, with the PostgreSQL type to read each as. A column that the old table
    # lacks is NULL, unless it is `required`.
    old_columns: Mapping[str, str]
    required: frozenset[str]
    # New column → expression over `derived`. Columns that the new table lacks are ignored.
    columns: Mapping[str, str]
    # Reason to skip a row → condition over `page`. The first that is true is reported. A dry run
    # counts these in the old tables, which have the same names and ids as the new ones.
    skipped: Mapping[str, str] = field(default_factory=dict)
    # The same, for what depends on rows that are copied already. Reported after `skipped`.
    skipped_on_copy: Mapping[str, str] = field(default_factory=dict)
    # Column of `derived` → expression over `page`, such as whether a value is taken already.
    derived: Mapping[str, str] = field(default_factory=dict)
    # Change to report for an adopted row → condition over `derived`.
    changes: Mapping[str, str] = field(default_factory=dict)
    # For values that SQL cannot compute: takes the `computed_from` columns of an old row and
    # returns the `computed` ones (name → PostgreSQL type).
    compute: Callable[..., Computed] | None = None
    computed_from: tuple[str, ...] = ()
    computed: Mapping[str, str] = field(default_factory=dict)
    # Parameters of the statement.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    # Further common table expressions; `copied` has the rows just written.
    extra_steps: Mapping[str, str] = field(default_factory=dict)
    # The new table, when it has another name.
    target: str = ""
    # Says which rows of `derived` become part of rows that the extra steps write, instead of an
    # INSERT of `columns`.
    merged: str = ""
    # Names the plan, when it is not the only one for its old table.
    name: str = ""
    # Old tables that the extra steps read: without them, the plan is left out.
    reads: frozenset[str] = frozenset()
    # Statements to run in the new tables before the first row is copied.
    prepare: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.name or self.table

    @property
    def new_table(self) -> str:
        return self.target or self.table

    @property
    def keeps_ids(self) -> bool:
        return not self.merged and "id" in self.columns


def is_there(rows: str) -> str:
    """SQL that is true when `rows`, as `FROM … WHERE …`, finds one.

    A plain EXISTS may be planned as a hash of the whole table, made again for every batch; this is
    one search of an index for each row.
    """
    return f"(SELECT true {rows} LIMIT 1) IS NOT NULL"


def taken_before(column: str, *, per: str = "", where: str) -> str:
    """SQL that is true when another row has the value: a new row, or an earlier one of the page.

    Args:
        column: an expression over `page`.
        per: another expression over `page`; only rows with the same value of it are compared.
        where: finds the new rows that have the value, as `FROM … WHERE …`.
    """
    group = f"{per}, {column}" if per else column
    return (
        f"{column} IS NOT NULL AND ({is_there(where)} OR row_number() OVER "
        f"(PARTITION BY {group}, skipped_because IS NULL ORDER BY page.id) > 1)"
    )
