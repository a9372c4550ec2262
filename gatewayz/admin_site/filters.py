"""Filters of the admin's lists by days (UTC), for columns of time that an index serves."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.admin import FieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.http import urlencode

# In a list of all users, the rows of at most this many days are read and sorted.
MAX_DAYS = 31

Days = tuple[date, date]


class DayRangeFilter(FieldListFilter):
    """Rows of at most MAX_DAYS days, the first and the last included. Its column has an index."""

    template = "gatewayz/day_range_filter.html"

    def __init__(self, field: Any, request: HttpRequest, *more: Any, **options: Any) -> None:
        self.request = request
        super().__init__(field, request, *more, **options)

    @staticmethod
    def parameters(field_path: str) -> list[str]:
        """The names of the first and of the last day in a query string."""
        return [f"{field_path}_from", f"{field_path}_to"]

    def expected_parameters(self) -> list[str | None]:
        return [*self.parameters(self.field_path or "")]

    def days(self) -> Days | None:
        """Return the first and the last day, both included; None if no day is given.

        Raises IncorrectLookupParameters.
        """
        try:
            first, last = (_day(self.used_parameters.get(name)) for name in self._names)
        except ValueError as error:
            raise IncorrectLookupParameters from error
        if first is None and last is None:
            return None
        longest = timedelta(days=MAX_DAYS - 1)
        if last is None:
            last = first + longest if first and first < date.max - longest else date.max
        if first is None or last - first > longest:
            first = last - longest if last > date.min + longest else date.min
        return first, last

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = self.days()
        if days is None:
            return queryset
        begin = datetime.combine(days[0], time.min, UTC)
        end = datetime.combine(days[1], time.max, UTC)
        return queryset.filter(**{f"{self.field_path}__range": (begin, end)})

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield what the template shows: the two fields, other parameters to keep, and links."""
        kept: dict[str, str] = {
            name: str(value)
            for name, value in self.request.GET.items()
            if name not in {*self._names, PAGE_VAR}
        }
        today = datetime.now(UTC).date()
        links = {
            "Today": (today, today),
            "Yesterday": (today - timedelta(days=1),) * 2,
            "Last 7 days": (today - timedelta(days=6), today),
        }
        yield {
            "fields": [*zip(self._names, ("From", "To"), self.days() or ("", ""), strict=True)],
            "kept": kept,
            "links": [
                (
                    title,
                    "?"
                    + urlencode([*kept.items(), *zip(self._names, map(str, days), strict=True)]),
                )
                for title, days in links.items()
            ],
            "max_days": MAX_DAYS,
        }

    @property
    def _names(self) -> list[str]:
        return self.parameters(self.field_path or "")


class DayRangeOfUserFilter(DayRangeFilter):
    """Shown in the list of one user only, since the index begins with the user."""

    def has_output(self) -> bool:
        return is_of_one_user(self.request)


def is_of_one_user(request: HttpRequest) -> bool:
    """Whether a list is narrowed to a user, by a link or by a whole e-mail address."""
    return "user" in request.GET or "@" in request.GET.get(SEARCH_VAR, "")


def _day(given: Any) -> date | None:
    """Parse a day as the browser's field writes it. Raises ValueError."""
    text = given[-1] if isinstance(given, list) else given
    return date.fromisoformat(text) if text else None
