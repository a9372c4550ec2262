"""Pages of lists: `?limit=&offset=`, and the number of all matches."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

MAX_PAGE = 100
MAX_OFFSET = 2**31 - 1

Row = TypeVar("Row", bound=Model)
Query = TypeVar("Query", bound="QuerySet[Any, Any]")


class PageInput(serializers.Serializer):
    """The query parameters of a list. Lists with filters inherit from it."""

    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=50)
    offset = serializers.IntegerField(min_value=0, max_value=MAX_OFFSET, default=0)


def page_first(listed: Query, *, limit: int, offset: int) -> Query:
    """One page of an ordered queryset; the rows skipped before it are found by their keys only.

    Annotations, joins and computed columns are evaluated for the rows of the page only.
    """
    if not offset:
        return listed[:limit]
    keys = listed.values("pk")[offset : offset + limit]
    return listed.filter(pk__in=keys)


def page_of(listed: QuerySet[Row], *, limit: int, offset: int) -> tuple[list[Row], int]:
    """Return one page of an ordered queryset, and the number of rows on all pages.

    Takes one statement when the page itself tells that number, because it is the last one;
    otherwise two.
    """
    rows = list(page_first(listed, limit=limit, offset=offset))
    if 0 < len(rows) < limit or (not rows and offset == 0):
        return rows, offset + len(rows)
    return rows, listed.count()
