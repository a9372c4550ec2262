"""Copies the rows of the old tables, one batch per transaction.

Each transaction also records the progress, so copying can be stopped at any moment and continues
where it was. Rows keep their ids.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction

from adoption.old_tables import OldTable
from adoption.table_plan import SCHEMA, TablePlan

BATCH_ROWS = 2_000

_BEFORE_ALL = -(2**63)


@dataclass(frozen=True)
class TableReport:
    """The outcome for one old table; `changed` and `skipped` count rows by reason."""

    table: str
    found: int
    adopted: int
    changed: Counter[str]
    skipped: Counter[str]


def reserve_ids(plans: Sequence[TablePlan], tables: Sequence[OldTable]) -> None:
    """Make ids of new rows higher than all old ones. May be repeated at any time."""
    names = {table.name for table in tables}
    with connection.cursor() as cursor:
        for plan in plans:
            if plan.table in names and plan.keeps_ids:
                cursor.execute(
                    f"""
                    SELECT setval(sequence, GREATEST(
                        COALESCE(pg_sequence_last_value(sequence), 1),
                        (SELECT max(id) + 1 FROM {SCHEMA}.{plan.table})
                    ))
                    FROM CAST(pg_get_serial_sequence('{plan.new_table}', 'id') AS regclass)
                        AS sequence
                    """
                )


def copy(plan: TablePlan, old: OldTable) -> Iterator[int]:
    """Copy the rows of one table that are not copied yet; yield the number read in each batch.

    A row that the database rejects is skipped, and the reason recorded. After
    django.db.OperationalError, copying may be started again.
    """
    rows = BATCH_ROWS
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {SCHEMA}.adoption_progress (table_name, last_id) VALUES (%s, %s) "
            "ON CONFLICT DO NOTHING RETURNING true",
            [plan.label, _BEFORE_ALL],
        )
        if cursor.fetchone() and old.rows:
            for statement in plan.prepare:
                cursor.execute(statement)
    statement = batch_statement(plan, old)
    while True:
        try:
            found = _copy_batch(plan, old, statement, rows)
        except (DataError, IntegrityError) as error:
            if rows == 1:
                yield _skip_row(plan, error)
            rows = max(rows // 2, 1)
            continue
        if not found:
            return
        rows = min(rows * 2, BATCH_ROWS)
        yield found


def predicted_skips(plan: TablePlan, old: OldTable) -> Counter[str]:
    """Count, by reason, the rows of an old table that is not moved yet which will be skipped.

    Not counted are rows that refer to a skipped row, and those of `plan.skipped_on_copy`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH page AS (SELECT {_old_columns(plan, old)} FROM {plan.table} AS old) "
            f"SELECT reason, count(*) FROM (SELECT {_first_true(plan.skipped)} AS reason "
            "FROM page) AS skipped WHERE reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return Counter(dict(cursor.fetchall()))


def report(table: str) -> TableReport:
    """Return the outcome for `table` so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT found, adopted FROM {SCHEMA}.adoption_progress WHERE table_name = %s",
            [table],
        )
        found, adopted = cursor.fetchone()
        cursor.execute(
            f"SELECT note, skipped, count(*) FROM {SCHEMA}.adoption_notes "
            "WHERE table_name = %s GROUP BY 1, 2 ORDER BY 3 DESC, 1",
            [table],
        )
        changed, skipped = Counter[str](), Counter[str]()
        for note, is_skipped, count in cursor.fetchall():
            (skipped if is_skipped else changed)[note] = count
    return TableReport(table, found, adopted, changed, skipped)


def batch_statement(plan: TablePlan, old: OldTable) -> str:
    """Return the statement that copies one batch of rows of an old table.

    Its parameters are those of the plan, `table` (the plan's label), `after` (an id), `rows` (how
    many at most) and, when the plan computes columns, `computed` (a JSON array). It returns the
    number of rows read, the last id and the number of rows adopted.
    """
    reasons = {**plan.skipped, **plan.skipped_on_copy}
    notes = [
        "SELECT id, skipped_because AS note, true AS skipped FROM derived "
        "WHERE skipped_because IS NOT NULL",
        *(
            f"SELECT id, '{note}', false FROM derived WHERE skipped_because IS NULL AND ({when})"
            for note, when in plan.changes.items()
        ),
    ]
    steps = {
        "read": _page(plan, old),
        "page": f"SELECT * FROM read {_join_of_computed(plan)}",
        "with_reason": f"SELECT page.*, {_first_true(reasons)} AS skipped_because FROM page",
        "derived": f"SELECT {_named({'page.*': '', **plan.derived})} FROM with_reason AS page",
        "copied": _write(plan),
        "noted": f"INSERT INTO {SCHEMA}.adoption_notes (table_name, row_id, note, skipped) "
        f"SELECT %(table)s, id, note, skipped FROM ({' UNION ALL '.join(notes)}) AS note",
        **plan.extra_steps,
    }
    return (
        "WITH "
        + ", ".join(f"{name} AS ({sql})" for name, sql in steps.items())
        + "SELECT count(*), max(id), (SELECT count(*) FROM copied) FROM read"
    )


def _copy_batch(plan: TablePlan, old: OldTable, statement: str, rows: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        after = _locked_progress(cursor, plan)
        parameters = {**plan.parameters, "after": after, "rows": rows, "table": plan.label}
        if plan.compute is not None:
            parameters["computed"] = _compute(cursor, plan, old, after, rows)
        cursor.execute(statement, parameters)
        found, last, adopted = cursor.fetchone()
        cursor.execute(
            f"""
            UPDATE {SCHEMA}.adoption_progress
            SET found = found + %s, last_id = COALESCE(%s, last_id), adopted = adopted + %s,
                finished = %s
            WHERE table_name = %s
            """,
            [found, last, adopted, not found, plan.label],
        )
    return int(found)


def _locked_progress(cursor: Any, plan: TablePlan) -> int:
    cursor.execute(
        f"SELECT last_id FROM {SCHEMA}.adoption_progress WHERE table_name = %s FOR UPDATE",
        [plan.label],
    )
    return int(cursor.fetchone()[0])


def _compute(cursor: Any, plan: TablePlan, old: OldTable, after: int, rows: int) -> str:
    """Run `plan.compute` on the next rows; return a JSON array for jsonb_to_recordset."""
    assert plan.compute is not None  # noqa: S101 - the caller has asked
    columns = ", ".join(plan.computed_from)
    cursor.execute(
        f"SELECT id, {columns} FROM ({_page(plan, old)}) AS page",
        {"after": after, "rows": rows},
    )
    return json.dumps(
        [{"id": row_id, **plan.compute(*values)} for row_id, *values in cursor.fetchall()]
    )


def _skip_row(plan: TablePlan, error: Exception) -> int:
    """Skip the next row, which the database rejects."""
    # Only the type of the error: its text contains values of the row.
    note = f"the database rejects it ({type(error.__cause__).__name__})"
    with transaction.atomic(), connection.cursor() as cursor:
        after = _locked_progress(cursor, plan)
        cursor.execute(
            f"""
            WITH skipped AS (
                INSERT INTO {SCHEMA}.adoption_notes (table_name, row_id, note, skipped)
                SELECT %(table)s, min(id), %(note)s, true
                FROM {SCHEMA}.{plan.table} WHERE id > %(after)s
                RETURNING row_id
            )
            UPDATE {SCHEMA}.adoption_progress
            SET found = found + 1, last_id = skipped.row_id FROM skipped
            WHERE table_name = %(table)s
            """,
            {"table": plan.label, "note": note, "after": after},
        )
    return 1


def _write(plan: TablePlan) -> str:
    if plan.merged:
        return f"SELECT * FROM derived WHERE skipped_because IS NULL AND {plan.merged}"
    known = _new_columns(plan)
    columns = {name: sql for name, sql in plan.columns.items() if name in known}
    # Named, because a subquery would otherwise give its column's name to the result.
    return (
        f"INSERT INTO {plan.new_table} ({', '.join(columns)}) "
        f"SELECT {_named(columns)} FROM derived "
        "WHERE skipped_because IS NULL ORDER BY derived.id RETURNING *"
    )


def _page(plan: TablePlan, old: OldTable) -> str:
    # By the table's own id: once it is cast, the index no longer gives the order.
    return (
        f"SELECT {_old_columns(plan, old)} FROM {SCHEMA}.{plan.table} AS old "
        "WHERE old.id > %(after)s ORDER BY old.id LIMIT %(rows)s"
    )


def _old_columns(plan: TablePlan, old: OldTable) -> str:
    return _named({name: _cast(name, wanted, old) for name, wanted in plan.old_columns.items()})


def _cast(name: str, wanted: str, old: OldTable) -> str:
    given = old.columns.get(name)
    if given is None:
        return f"NULL::{wanted}"
    if given == "ARRAY" and wanted == "jsonb":
        return f'to_jsonb(old."{name}")'
    return f'old."{name}"::{wanted}'


def _join_of_computed(plan: TablePlan) -> str:
    if not plan.computed:
        return ""
    types = ", ".join(f"{name} {its_type}" for name, its_type in plan.computed.items())
    return (
        "LEFT JOIN jsonb_to_recordset(%(computed)s::jsonb) "
        f"AS computed (id bigint, {types}) USING (id)"
    )


def _first_true(reasons: Mapping[str, str]) -> str:
    if not reasons:
        return "NULL::text"
    cases = " ".join(f"WHEN {when} THEN '{reason}'" for reason, when in reasons.items())
    return f"CASE {cases} END"


def _named(expressions: Mapping[str, str]) -> str:
    return ", ".join(f'{sql} AS "{name}"' if sql else name for name, sql in expressions.items())


def _new_columns(plan: TablePlan) -> set[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, plan.new_table)
    return {column.name for column in described}
