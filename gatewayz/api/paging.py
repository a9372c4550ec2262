"""The pages of lists: `?limit=&offset=`, and the number of all matches."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

MAX_PAGE = 100
MAX_OFFSET = 2**31 - 1

Row = TypeVar("Row", bound=Model)


class PageInput(serializers.Serializer):
    """The query parameters of a list; those that have filters too inherit from it."""

    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=50)
    offset = serializers.IntegerField(min_value=0, max_value=MAX_OFFSET, default=0)


def page_of(listed: QuerySet[Row], *, limit: int, offset: int) -> tuple[list[Row], int]:
    """One page of an ordered queryset, and how many rows all pages have.

    One statement where the page itself tells the number: it holds rows, but fewer than `limit`.
    Otherwise two.
    """
    rows = list(listed[offset : offset + limit])
    if 0 < len(rows) < limit or (not rows and offset == 0):
        return rows, offset + len(rows)
    return rows, listed.count()
