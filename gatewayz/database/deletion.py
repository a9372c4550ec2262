"""Deletes many rows in batches; some may be big, and some may be impossible to delete."""

import logging
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from django.db import DatabaseError, models, transaction

from gatewayz.database.bad_rows import is_caused_by_rows

logger = logging.getLogger(__name__)

BATCH_ROWS = 1_000
# When more rows than this cannot be deleted, something else is wrong.
MAX_STUCK_ROWS = 100

Rows = models.QuerySet[Any]


def delete_in_batches(
    rows: Rows, *, ends_at: float, batch_rows: int = BATCH_ROWS, lock: Rows | None = None
) -> tuple[int, bool]:
    """Delete `rows`, at most `batch_rows` in each transaction, until `ends_at`.

    A batch that fails because of its rows is halved. A single row that cannot be deleted is
    logged and skipped.

    Args:
        rows: the rows to delete.
        ends_at: when to stop, in monotonic seconds.
        batch_rows: the size of a batch.
        lock: finds a row that each transaction locks first. When that row no longer exists,
            nothing more is deleted.

    Returns the number of deleted rows, and whether no more can be deleted. Raises
    django.db.Error; batches that were committed stay deleted.
    """
    deleted, size, stuck = 0, batch_rows, list[Any]()
    while time.monotonic() < ends_at:
        left = rows.exclude(pk__in=stuck) if stuck else rows
        batch = list(left.values_list("pk", flat=True)[:size])
        if not batch:
            return deleted, True
        try:
            with transaction.atomic() if lock is not None else nullcontext():
                if lock is not None and not lock.select_for_update(no_key=True).exists():
                    return deleted, True
                # Filters by the conditions again, because a row may have changed since.
                rows.order_by().filter(pk__in=batch).delete()
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
    return deleted, False


def dependents_of(rows: Rows, above: tuple[type[models.Model], ...] = ()) -> Iterator[Rows]:
    """Yield the rows that must be deleted with `rows`, by table, referring tables first."""
    above = (*above, rows.model)
    for relation in rows.model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.related_model in above:
            continue
        if relation.on_delete is models.CASCADE:
            manager = relation.related_model._default_manager
            found = manager.filter(**{f"{relation.field.name}__in": rows.order_by().values("pk")})
            yield from dependents_of(found, above)
            yield found.order_by()
