"""Lists, which the service returns one page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of matches, and the number of all of them.

    `next_cursor` leads to the next page of sessions, in constant time however far back; None at
    the end, and for other lists.
    """

    data: list[T]
    count: int
    next_cursor: str | None = None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Page[T]:
        """Parse a page from the service's answer."""
        return cls(answer["data"], answer["count"], answer.get("next_cursor"))


def every(
    lister: Callable[..., Page[T]], *arguments: Any, limit: int = 100, **options: Any
) -> Iterator[T]:
    """Every item of a list, fetched by pages of `limit`.

    Args:
        lister: a method that answers a page, such as `client.chat.list_sessions`.
        arguments: for that method.
        limit: items per page, 100 at most.
        options: for that method too.

    Raises ProblemError and UnreachableError, as the method does.
    """
    place: dict[str, Any] | None = {}
    seen = 0
    while place is not None:
        page = lister(*arguments, limit=limit, **options, **place)
        yield from page.data
        seen += len(page.data)
        place = _place_after(page, place, seen)


async def aevery(
    lister: Callable[..., Awaitable[Page[T]]], *arguments: Any, limit: int = 100, **options: Any
) -> AsyncIterator[T]:
    """Every item of a list of AsyncGatewayz; the same as `every`."""
    place: dict[str, Any] | None = {}
    seen = 0
    while place is not None:
        page = await lister(*arguments, limit=limit, **options, **place)
        for item in page.data:
            yield item
        seen += len(page.data)
        place = _place_after(page, place, seen)


def _place_after(page: Page[T], place: dict[str, Any], seen: int) -> dict[str, Any] | None:
    """Where the page after the one at `place` begins; None at the end."""
    if page.next_cursor:
        return {"cursor": page.next_cursor}
    if "cursor" not in place and page.data and seen < page.count:
        return {"offset": seen}
    return None
