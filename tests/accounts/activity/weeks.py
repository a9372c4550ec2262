"""Partitions of weeks that have passed, which a new database does not have."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from django.db import connection

from accounts.activity import partitions


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@contextmanager
def weeks_before(count: int) -> Iterator[list[date]]:
    """Give the (empty) log `count` weeks before its first one; yields their Mondays."""
    begun = partitions.weeks()[0]
    mondays = [begun - ago * partitions.WEEK for ago in range(count, 0, -1)]
    try:
        _begin_at(mondays[0])
        for monday in mondays:
            with connection.cursor() as cursor:
                cursor.execute("SELECT activity_log_add_week(%s)", [monday])
        yield mondays
    finally:
        for monday in {*mondays} & {*partitions.weeks()}:
            partitions.drop_week(monday)
        _begin_at(begun)


def _begin_at(monday: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE activity_log DETACH PARTITION activity_log_history;"
            "ALTER TABLE activity_log ATTACH PARTITION activity_log_history"
            f" FOR VALUES FROM (MINVALUE) TO ('{partitions.begin(monday)}')"
        )
