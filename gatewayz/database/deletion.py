"""Deletes many rows in batches; some may be big, and some may be impossible to delete."""

import logging
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from django.db import DatabaseError, models, transaction

from gatewayz.database.bad_rows import is_caused_by_rows
from gatewayz.database.distribution import distributed_tables, of_owners

logger = logging.getLogger(__name__)

BATCH_ROWS = 1_000
# Keys of this many rows are read together, because each read passes over the index entries of the
# rows deleted before it.
PAGE_ROWS = 10 * BATCH_ROWS
# Rows in several tables that refer to this many rows are found by one statement.
PARENT_ROWS = 100
# When more rows than this cannot be deleted, something else is wrong.
MAX_STUCK_ROWS = 100
# After each batch, a pause of this many times what it took: requests get the rest of the disk and
# of the processors. On two cores, the p99 of requests beside a deletion is 1.5 times what it is
# without one, and 2.4 times with 1.0; docs/size.md has the figures.
PAUSE = 3.0

Rows = models.QuerySet[Any]


def delete_in_batches(
    rows: Rows, *, ends_at: float, batch_rows: int = BATCH_ROWS, lock: Rows | None = None
) -> tuple[int, bool]:
    """Delete `rows`, at most `batch_rows` in each transaction, until `ends_at`.

    Pauses after each batch. A batch that fails because of its rows is halved. A single row that
    cannot be deleted is logged and skipped.

    Args:
        rows: the rows to delete.
        ends_at: when to stop, in monotonic seconds.
        batch_rows: the size of a batch.
        lock: finds a row that each transaction locks first. When that row no longer exists,
            nothing more is deleted.

    Returns the number of deleted rows, and whether no more can be deleted. Raises
    django.db.Error; batches that were committed stay deleted.
    """
    deleted, size, stuck, page = 0, batch_rows, list[Any](), list[Any]()
    while time.monotonic() < ends_at:
        if not page:
            left = rows.exclude(pk__in=stuck) if stuck else rows
            page = list(left.values_list("pk", flat=True)[:PAGE_ROWS])
        if not page:
            return deleted, True
        batch = page[:size]
        started = time.monotonic()
        try:
            with transaction.atomic() if lock is not None else nullcontext():
                if lock is not None and not lock.select_for_update(no_key=True).exists():
                    return deleted, True
                # Filters by the conditions again, because a row may have changed since.
                delete_rows(rows.order_by().filter(pk__in=batch))
        except DatabaseError as error:
            if not is_caused_by_rows(error):
                raise
            if len(batch) > 1:
                size = len(batch) // 2
                continue
            if len(stuck) >= MAX_STUCK_ROWS:
                raise
            logger.exception("Could not delete %s %s", rows.model._meta.label, batch[0])
            stuck += batch
            size = batch_rows
        else:
            deleted += len(batch)
        del page[: len(batch)]
        now = time.monotonic()
        time.sleep(max(0, min((now - started) * PAUSE, ends_at - now)))
    return deleted, False


def delete_rows(rows: Rows) -> None:
    """Delete rows with those that refer to them.

    Where the table is distributed, nothing may refer to the rows any more: Django would find them
    by their keys alone, on all servers.
    """
    if rows.model._meta.db_table in distributed_tables():
        rows._raw_delete(rows.db)
    else:
        rows.delete()


def delete_dependents(
    model: type[models.Model],
    ids: Sequence[Any],
    *,
    ends_at: float,
    batch_rows: int = BATCH_ROWS,
    lock: Rows | None = None,
    owners: Collection[int] = (),
    above: tuple[type[models.Model], ...] = (),
) -> bool:
    """Delete the rows that must be deleted with some rows of `model`, but not these.

    Rows are found by the keys of those that they refer to, table by table, and never by a join: it
    would read the whole table of messages for each batch of one user's.

    Args:
        model: the table of the rows.
        ids: the primary keys of the rows; at most PARENT_ROWS.
        ends_at: when to stop, in monotonic seconds.
        batch_rows: the size of a batch.
        lock: as for `delete_in_batches`.
        owners: the users to whom the rows belong. Where tables are distributed, only the servers
            of these users are asked.
        above: tables that are left alone, because the call deletes from them already.

    Returns whether no more can be deleted. Raises django.db.Error; batches that were committed
    stay deleted.
    """
    above = (*above, model)
    how: dict[str, Any] = {"ends_at": ends_at, "batch_rows": batch_rows, "lock": lock}
    for referring in _referring(model, ids, above):
        is_distributed = referring.model._meta.db_table in distributed_tables()
        rows = referring.filter(**of_owners(owners)) if owners and is_distributed else referring
        is_parent = any(True for _ in _referring(rows.model, [], (*above, rows.model)))
        while True:
            # A batch, so that a run that ends soon has deleted all of some rows.
            page = list(rows.values_list("pk", flat=True)[:batch_rows]) if is_parent else []
            for start in range(0, len(page), PARENT_ROWS):
                parents = page[start : start + PARENT_ROWS]
                if not delete_dependents(rows.model, parents, owners=owners, above=above, **how):
                    return False
            found = rows.filter(pk__in=page) if is_parent else rows
            deleted, complete = delete_in_batches(found, **how)
            if not complete:
                return False
            # Rows left after a page without progress cannot be deleted.
            if not is_parent or not deleted:
                break
    return True


def _referring(
    model: type[models.Model], ids: Sequence[Any], above: tuple[type[models.Model], ...]
) -> Iterator[Rows]:
    """Yield the rows that are deleted with the rows `ids` of `model`, by table."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.related_model in above:
            continue
        if relation.on_delete is models.CASCADE:
            manager = relation.related_model._default_manager
            yield manager.filter(**{f"{relation.field.attname}__in": ids}).order_by()
