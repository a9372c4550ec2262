"""Rows that the key cache holds a copy of: any change to one makes the cache forget it.

It happens here, at the rows, and not in whoever changes them, so that no door can forget to:
the API, the admin and its bulk actions, `update()`, `bulk_create()`, `bulk_update()`, deletes
and their cascades. Only SQL that goes around the models is not noticed; it is seen when the
entry ends.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar

from django.db import models, transaction

from accounts.principals.cached_keys import forget_on_commit

Row = TypeVar("Row", bound="CachedRow")


class CachedRowQuerySet(models.QuerySet[Row], Generic[Row]):
    def key_digests(self) -> set[str]:
        """The digests of all keys whose cache entry was made from these rows."""
        raise NotImplementedError

    def before_delete(self, digests: set[str]) -> None:
        """What else ends with these rows, whose keys have these digests."""

    def locked(self) -> Self:
        """The same rows, locked: those changed are then those whose keys are forgotten."""
        rows = self.model._base_manager.using(self.db).filter(pk__in=self.order_by().values("pk"))
        ids = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
        return type(self)(self.model, using=self.db).filter(pk__in=ids)

    def update(self, **fields: Any) -> int:
        if self.model.CACHED_FIELDS.isdisjoint(fields):
            return super().update(**fields)
        with transaction.atomic(using=self.db):
            rows = self.locked()
            digests = rows.key_digests()
            updated = super(CachedRowQuerySet, rows).update(**fields)
            forget_on_commit(digests)
        return updated

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic(using=self.db):
            rows = self.locked()
            digests = rows.key_digests()
            rows.before_delete(digests)
            deleted = super(CachedRowQuerySet, rows).delete()
            forget_on_commit(digests)
        return deleted

    # What Django sets on QuerySet.delete, so that templates and related managers keep off it.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        with transaction.atomic(using=self.db):
            rows = super().bulk_create(objs, *args, **options)
            made = type(self)(self.model, using=self.db)
            forget_on_commit(made.filter(pk__in=[row.pk for row in rows]).key_digests())
        return rows


class CachedRow(models.Model):
    # The names of the fields that Principal is made of.
    CACHED_FIELDS: ClassVar[frozenset[str]]
    objects: ClassVar[Any]

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        update_fields = options.get("update_fields")
        if update_fields is not None and self.CACHED_FIELDS.isdisjoint(update_fields):
            super().save(*args, **options)
            return
        with transaction.atomic():
            # Both what it was and what it is: saving may make the row, or change its digest.
            digests = self._stored().key_digests() if self.pk else set()
            super().save(*args, **options)
            forget_on_commit(digests | self._stored().key_digests())

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            rows = self._stored().locked()
            digests = rows.key_digests()
            rows.before_delete(digests)
            deleted = super().delete(*args, **options)
            forget_on_commit(digests)
        return deleted

    def _stored(self) -> CachedRowQuerySet[Any]:
        rows: CachedRowQuerySet[Any] = type(self).objects.filter(pk=self.pk)
        return rows
