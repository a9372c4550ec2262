"""Base classes of the admin's pages, whose lists stay fast on big tables."""

from collections.abc import Callable
from functools import cache, cached_property, wraps
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ORDER_VAR
from django.contrib.auth import get_user_model
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gatewayz.admin_site.filters import DayRangeFilter, is_of_one_user
from gatewayz.admin_site.rights import OwnedRows

if TYPE_CHECKING:
    # Unfold has no hints.
    from django.contrib.admin import ModelAdmin
    from django.contrib.admin.views.main import ChangeList

    checkbox: Any
else:
    from unfold.admin import ModelAdmin, checkbox
    from unfold.views import ChangeList

MAX_COUNTED_ROWS = 10_000
# How many rows an action that asks for confirmation takes; the page lists them all.
MAX_CONFIRMED_ROWS = 200


class BoundedPaginator(Paginator):
    """Counts at most MAX_COUNTED_ROWS, so that a list of millions of rows opens quickly.

    It reads the first page before that, and counts only if there are more rows.
    """

    template_name = "gatewayz/pagination.html"
    max_counted = MAX_COUNTED_ROWS

    @cached_property
    def _first_rows(self) -> list[models.Model]:
        """The rows of the first page, and one more if there is one."""
        rows = cast("models.QuerySet[models.Model]", self.object_list)
        return list(rows[: self.per_page + 1])

    @cached_property
    def count(self) -> int:
        if len(self._first_rows) <= self.per_page:
            return len(self._first_rows)
        rows = cast("models.QuerySet[models.Model]", self.object_list)
        return rows.order_by()[:MAX_COUNTED_ROWS].count()

    def page(self, number: int | str) -> Page:
        if self.validate_number(number) == 1:
            return Page(self._first_rows[: self.per_page], 1, self)
        return super().page(number)


class IndexedOrderList(ChangeList):
    """A list that is sorted as its ModelAdmin says, or by one of the columns in `sortable_by`.

    Sorting by another column, or by two, would read the whole table.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Unfold would resolve the address of every link again to add these to it.
        self.filters_of_links, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: models.Model) -> str:
        url = super().url_for_result(result)
        return f"{url}?{self.filters_of_links}" if self.filters_of_links else url

    def get_ordering(
        self, request: HttpRequest, queryset: models.QuerySet[models.Model]
    ) -> list[Any]:
        sign, _, place = self.params.get(ORDER_VAR, "").rpartition("-")
        shown = dict(zip(map(str, count()), self.list_display, strict=False))
        if not sign and shown.get(place) in (self.sortable_by or ()):
            sign = "-" if self.params[ORDER_VAR].startswith("-") else ""
            # Not by primary key as well: rows without a value are many, and would all be sorted.
            return [f"{sign}{shown[place]}"]
        return list(self.model_admin.get_ordering(request))

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page:
            # Django would read the rows once more.
            self.result_list = self.paginator.page(1).object_list
        # Shown only below the list, which says when not all rows were counted.
        self.full_result_count = self.result_count


def linked(name: str) -> Callable[[models.Model], str]:
    """Return a column with a link to the row that the foreign key `name` refers to."""

    @admin.display(description=name.replace("_", " ").replace("api", "API"))
    def shown(row: models.Model) -> str:
        other: models.Model | None = getattr(row, name)
        if other is None:
            return "–"
        page = f"admin:{other._meta.app_label}_{other._meta.model_name}_change"
        link = '<a class="gw-link" href="{}"><bdi>{}</bdi></a>'
        return format_html(link, reverse(page, args=[other.pk]), other)

    return shown


def found_or_newest(
    whole: models.QuerySet[Any], rows: models.QuerySet[Any], parts: models.Q
) -> models.QuerySet[Any]:
    """Return `whole`, rows that an index finds by whole values, if any; else rows by `parts`.

    Parts are searched for among the newest MAX_COUNTED_ROWS of the table only: no index serves
    them. Runs a statement.
    """
    if whole.exists():
        return whole
    table = rows.model._default_manager
    oldest = table.order_by("-pk").values("pk")[MAX_COUNTED_ROWS:][:1]
    return rows.filter(parts, pk__gt=Coalesce(models.Subquery(oldest), 0))


@cache
def _checkbox() -> str:
    """The checkbox of a row, with a place for its id: rendering each takes a fifth of the time."""
    return str(checkbox.render(ACTION_CHECKBOX_NAME, "{}"))


def of_user_with(email: str, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Return the rows of the user with this whole e-mail address. Runs a statement."""
    users = get_user_model().objects.filter(email__iexact=email.strip())
    # The id and not a join, so that PostgreSQL knows how many rows it finds.
    return rows.filter(user_id__in=list(users.values_list("pk", flat=True)))


class BigTableAdmin(OwnedRows, ModelAdmin):
    """A list sorted by primary key, which does not count the whole table.

    With `in_palette`, the search on every page (Ctrl+K) includes these rows. Their
    `get_search_results` must then use an index.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    # Columns that an index of their own serves; see IndexedOrderList.
    sortable_by: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    list_max_show_all = 200
    in_palette = False
    object_history_template = "gatewayz/history.html"
    # For tables that are searched by a user's whole e-mail address: the order that an index gives
    # the rows of one user. By primary key, PostgreSQL may read the rows of everybody else first.
    order_of_user: ClassVar[tuple[str, ...]] = ()
    # Columns of JSON, each with the method that shows it to staff who may not change it.
    shown_by: ClassVar[dict[str, str]] = {}

    @admin.display(description=ModelAdmin.action_checkbox.short_description)  # type: ignore[attr-defined]
    def action_checkbox(self, obj: models.Model) -> SafeString:
        return format_html(_checkbox(), obj.pk)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets: Any = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (name, {**given, "fields": [self.shown_by.get(one, one) for one in given["fields"]]})
            for name, given in fieldsets
        ]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        for column, _ in self.day_filters():
            if any(request.GET.get(name) for name in DayRangeFilter.parameters(column)):
                # By primary key, PostgreSQL may read all rows after these days first.
                return f"-{column}", "-pk"
        return (is_of_one_user(request) and self.order_of_user) or self.ordering

    @classmethod
    def day_filters(cls) -> list[tuple[str, type[DayRangeFilter]]]:
        """The columns of time that the list is filtered by, each with the class of its filter."""
        return [
            (str(one[0]), one[1])
            for one in cls.list_filter
            if isinstance(one, tuple) and issubclass(one[1], DayRangeFilter)
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        if not self.order_of_user or "@" not in search_term:
            return super().get_search_results(request, queryset, search_term)
        return of_user_with(search_term, queryset), False

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return IndexedOrderList

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the audit entries about a row, newest first, instead of Django's own log."""
        row = self.get_object(request, object_id)
        entries = []
        if row is not None:
            entries = self.admin_site.audit_entries(  # type: ignore[attr-defined]
                request, row, self.owner
            )
        context = {"entries": entries, "page_title": "History", **(extra_context or {})}
        return super().history_view(request, object_id, context)


class ReadOnlyAdmin(BigTableAdmin):
    """Rows that only the service writes. Subclasses may allow operators to delete them."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether the caller may use the actions: with the right to change these rows."""
        return BigTableAdmin.has_change_permission(self, request)


class RowsOfUsersAdmin(ReadOnlyAdmin):
    """Rows that belong to users, found by the whole e-mail address of their user."""

    owner = "user"
    list_select_related: ClassVar[tuple[str, ...]] = ("user",)
    search_fields: ClassVar[tuple[str, ...]] = ("user__email__iexact",)
    search_help_text = "The user's whole e-mail address"


def confirmed(warning: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate an action so that it acts only after its user has confirmed `warning`."""

    def decorate(action: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(action)
        def ask(
            model_admin: BigTableAdmin, request: HttpRequest, queryset: models.QuerySet[Any]
        ) -> HttpResponse | None:
            if "confirmed" in request.POST:
                response: HttpResponse | None = action(model_admin, request, queryset)
                return response
            rows = list(queryset[: MAX_CONFIRMED_ROWS + 1])
            if len(rows) > MAX_CONFIRMED_ROWS:
                message = f"Select at most {MAX_CONFIRMED_ROWS} at a time."
                model_admin.message_user(request, message, messages.ERROR)
                return None
            context = {
                **model_admin.admin_site.each_context(request),
                "title": "Are you sure?",
                "opts": model_admin.opts,
                "page_title": "Are you sure?",
                "warning": warning,
                "action": action.__name__,
                "rows": rows,
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "gatewayz/confirm_action.html", context)

        return ask

    return decorate
