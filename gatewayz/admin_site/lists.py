"""Base classes of the admin's pages, whose lists stay fast on big tables."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest

from gatewayz.admin_site.rights import OwnedRows

if TYPE_CHECKING:
    # Unfold has no hints.
    from django.contrib.admin import ModelAdmin
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin
    from unfold.views import ChangeList

MAX_COUNTED_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Counts at most MAX_COUNTED_ROWS, so that a list of millions of rows opens quickly."""

    @cached_property
    def count(self) -> int:
        rows = cast("models.QuerySet[models.Model]", self.object_list)
        return rows.order_by()[:MAX_COUNTED_ROWS].count()


class OneOrderList(ChangeList):
    """A list that is always sorted as its ModelAdmin says.

    Sorting by another column would read the whole table.
    """

    def get_ordering(
        self, request: HttpRequest, queryset: models.QuerySet[models.Model]
    ) -> list[Any]:
        return list(self.model_admin.get_ordering(request))


class BigTableAdmin(OwnedRows, ModelAdmin):
    """A list sorted by primary key, which does not count the whole table.

    With `in_palette`, the search on every page (Ctrl+K) includes these rows. Their
    `get_search_results` must then use an index.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    # No column can be sorted by; see OneOrderList.
    sortable_by: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    list_max_show_all = 200
    in_palette = False

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return OneOrderList


class ReadOnlyAdmin(BigTableAdmin):
    """Rows that only the service writes. Subclasses may allow operators to delete them."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
