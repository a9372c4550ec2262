"""What the admin's pages have in common: its look, and lists that stay fast on big tables."""

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
    """Counts no further than MAX_COUNTED_ROWS, so that a list of millions opens at once."""

    @cached_property
    def count(self) -> int:
        rows = cast("models.QuerySet[models.Model]", self.object_list)
        return rows.order_by()[:MAX_COUNTED_ROWS].count()


class OneOrderList(ChangeList):
    """Rows in the order of their ModelAdmin, whatever a link asks for.

    Sorting by another column would read the whole table.
    """

    def get_ordering(
        self, request: HttpRequest, queryset: models.QuerySet[models.Model]
    ) -> list[Any]:
        return list(self.model_admin.get_ordering(request))


class BigTableAdmin(OwnedRows, ModelAdmin):
    """A list ordered by primary key, without a count of the whole table.

    `in_palette` has the search on every page look here too, through `get_search_results`; it
    must find what it finds by an index.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    # See OneOrderList: no column offers to be sorted by.
    sortable_by: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    list_max_show_all = 200
    in_palette = False

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return OneOrderList


class ReadOnlyAdmin(BigTableAdmin):
    """Rows that only the service writes: operators look, and may delete where that is allowed."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
