"""Deleting many rows, of which some may be big, and some may not be deletable at all."""

import logging
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from django.db import DatabaseError, models, transaction

from gatewayz.database.bad_rows import is_caused_by_rows

logger = logging.getLogger(__name__)

BATCH_ROWS = 1_000
# With so many rows that cannot be deleted, more is wrong than single rows.
MAX_STUCK_ROWS = 100

Rows = models.QuerySet[Any]


def delete_in_batches(
    rows: Rows, *, ends_at: float, batch_rows: int = BATCH_ROWS, lock: Rows | None = None
) -> tuple[int, bool]:
    """Delete `rows`, at most `batch_rows` of them in a transaction, until `ends_at` (monotonic).

    A batch that fails by its rows is halved. A single row that cannot be deleted is logged and
    left. With `lock`, each transaction first locks the row that this finds; without one, it
    deletes nothing more.

    Returns how many rows went, and whether these were all that can be deleted. Raises
    django.db.Error; what is gone stays gone.
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
                # By the conditions too: a row may have changed since.
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
    """The rows that go with `rows`, by table: those that refer to others come before them."""
    above = (*above, rows.model)
    for relation in rows.model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.related_model in above:
            continue
        if relation.on_delete is models.CASCADE:
            manager = relation.related_model._default_manager
            found = manager.filter(**{f"{relation.field.name}__in": rows.order_by().values("pk")})
            yield from dependents_of(found, above)
            yield found.order_by()
