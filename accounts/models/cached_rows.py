"""Models whose rows the key cache copies: changing a row drops its keys from the cache.

This happens in the models so that no code path can skip it: the API, the admin and its bulk
actions, `update()`, `bulk_create()`, `bulk_update()`, deletes and their cascades. Only raw SQL is
not noticed; processes see such a change when the cached entry expires.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar

from django.db import models, transaction

from accounts.principals.cached_keys import forget_on_commit

Row = TypeVar("Row", bound="CachedRow")


class CachedRowQuerySet(models.QuerySet[Row], Generic[Row]):
    def key_digests(self) -> set[str]:
        """Return the digests of all keys whose cached principal was made from these rows."""
        raise NotImplementedError

    def before_delete(self, digests: set[str]) -> None:
        """Remove what is stored about the keys with these digests in other tables."""

    def locked(self) -> Self:
        """Lock these rows and return them, so that the rows that change are those whose keys are
        read.
        """
        rows = self.model._base_manager.using(self.db).filter(pk__in=self.order_by().values("pk"))
        ids = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
        return type(self)(self.model, using=self.db).filter(pk__in=ids)

    def update(self, **fields: Any) -> int:
        """Update the rows and drop their keys from the cache on commit."""
        if self.model.CACHED_FIELDS.isdisjoint(fields):
            return super().update(**fields)
        with transaction.atomic(using=self.db):
            rows = self.locked()
            digests = rows.key_digests()
            updated = super(CachedRowQuerySet, rows).update(**fields)
            forget_on_commit(digests)
        return updated

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows and drop their keys from the cache on commit."""
        with transaction.atomic(using=self.db):
            rows = self.locked()
            digests = rows.key_digests()
            rows.before_delete(digests)
            deleted = super(CachedRowQuerySet, rows).delete()
            forget_on_commit(digests)
        return deleted

    # As on Django's QuerySet.delete, so that templates and related managers do not call it.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        """Insert or upsert the rows and drop their keys from the cache on commit."""
        with transaction.atomic(using=self.db):
            rows = super().bulk_create(objs, *args, **options)
            made = type(self)(self.model, using=self.db)
            forget_on_commit(made.filter(pk__in=[row.pk for row in rows]).key_digests())
        return rows


class CachedRow(models.Model):
    """A row that principals are made from; see the module's docstring."""

    # The fields that end up in a Principal.
    CACHED_FIELDS: ClassVar[frozenset[str]]
    objects: ClassVar[Any]

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Save the row and drop its keys from the cache on commit."""
        update_fields = options.get("update_fields")
        if update_fields is not None and self.CACHED_FIELDS.isdisjoint(update_fields):
            super().save(*args, **options)
            return
        with transaction.atomic():
            # The digests before and after: saving may insert the row or change its digest.
            digests = self._stored().key_digests() if self.pk else set()
            super().save(*args, **options)
            forget_on_commit(digests | self._stored().key_digests())

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the row and drop its keys from the cache on commit."""
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
