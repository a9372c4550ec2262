"""Keeps the SQL of querysets, and reads plain rows with it.

Building and compiling a queryset, and making instances of models from its rows, takes several
times as long as PostgreSQL needs to find them. So what is read all day is compiled once for each
shape that it has, with placeholders for its values.
"""

from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from django.db import connections, router
from django.db.models import QuerySet

from gatewayz.database.base import DatabaseWrapper

Build = Callable[..., QuerySet[Any]]

_MAX_SHAPES = 1_000

# Stand for the value with a number; no statement has them as values of its own.
_PLACES: dict[type, Callable[[int], Hashable]] = {
    int: lambda number: -(2**61) - number,
    str: lambda number: f"\x00{number}",
    datetime: lambda number: datetime.min.replace(tzinfo=UTC) + timedelta(days=1, seconds=number),
}


def fetch(
    build: Build,
    values: Mapping[str, Any],
    sql: str = "{}",
    *,
    prepare: bool | None = False,
    **shape: Hashable,
) -> list[tuple[Any, ...]]:
    """The rows of the queryset `build(**values, **shape)`, as they come from the database.

    `build` may use each of `values` (int, str, datetime or None) only as a parameter of its
    statement: whatever else depends on one belongs in `shape`. It is called once for each shape
    and for each choice of values that are None. `sql` may frame the statement. `prepare` is passed
    on to `DatabaseWrapper.fetch_autocommit`.
    """
    kinds = tuple((name, type(value)) for name, value in values.items())
    statement, model, parameters = statement_of(build, kinds, tuple(shape.items()))
    filled = [_filled(parameter, values) for parameter in parameters]
    connection = cast("DatabaseWrapper", connections[router.db_for_read(model)])
    return connection.fetch_autocommit(sql.format(statement), filled, prepare=prepare)


class _Place(str):
    """The name of the value that goes here."""

    __slots__ = ()


@lru_cache(_MAX_SHAPES)
def statement_of(
    build: Build, kinds: tuple[tuple[str, type], ...], shape: tuple[tuple[str, Hashable], ...]
) -> tuple[str, Any, list[Any]]:
    """The SQL of `build` for values of these kinds, its model, and what goes to its parameters."""
    places = {
        name: None if kind is type(None) else _PLACES[kind](number)
        for number, (name, kind) in enumerate(kinds)
    }
    names = {place: _Place(name) for name, place in places.items() if place is not None}

    def named(parameter: Any) -> Any:
        if isinstance(parameter, list):
            return [*map(named, parameter)]
        return names.get(parameter, parameter)

    queryset = build(**places, **dict(shape))
    sql, parameters = queryset.query.sql_with_params()
    return sql, queryset.model, [*map(named, parameters)]


def _filled(parameter: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(parameter, _Place):
        return values[parameter]
    if isinstance(parameter, list):
        return [_filled(one, values) for one in parameter]
    return parameter
