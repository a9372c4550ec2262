"""Reading the messages of a session, a page at a time."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.query import RawQuerySet

from chat.models import ChatMessage, ChatSession

# A single message may be as long as a request, and a page is made in memory.
PAGE_BYTES = 4_000_000

# So that a page has an end, too, when its messages have hardly any text.
MAX_PAGE_MESSAGES = 5_000

# What stands outside a row, as long texts do, is not read to be measured.
_WITHIN = """
SELECT * FROM (
    SELECT *,
        sum(size_bytes) OVER (ROWS UNBOUNDED PRECEDING) - size_bytes AS bytes_before,
        count(*) OVER () AS available,
        row_number() OVER () AS place
    FROM (
        SELECT *,
            octet_length(content) + COALESCE(pg_column_size(content_parts), 0)
            + COALESCE(octet_length(reasoning), 0) + COALESCE(pg_column_size(metadata), 0)
            + COALESCE(pg_column_size(extra), 0) AS size_bytes
        FROM ({listed}) AS listed
    ) AS measured
) AS page
WHERE bytes_before < %s
ORDER BY place
"""


def within_bytes(
    messages: QuerySet[ChatMessage], at_most: int, max_bytes: int = PAGE_BYTES
) -> RawQuerySet:
    """The first `at_most` of these messages, as far as `max_bytes` reach; one at least.

    The one that goes beyond `max_bytes` is the last. Each has `available`: how many of the first
    `at_most` there are. One statement.
    """
    listed, parameters = messages[:at_most].query.sql_with_params()
    return ChatMessage.objects.raw(_WITHIN.format(listed=listed), [*parameters, max_bytes])


def page_of_messages(
    session: ChatSession,
    *,
    message_limit: int = MAX_PAGE_MESSAGES,
    before: int | None = None,
    after: int | None = None,
    branches: str = "current",
    without_roles: Sequence[str] = (),
) -> tuple[list[ChatMessage], bool]:
    """At most `message_limit` messages of the current branch, or of `all`, oldest first.

    One statement.

    `before` and `after` are ids of messages of the session. With `after`, the page begins
    right after that message; otherwise it ends right before `before`, or with the newest
    message. An id that is not of the session finds nothing. A page ends, too, with the message
    that makes it longer than PAGE_BYTES. Messages of `without_roles` are left out.

    Returns the messages and whether there are more in the direction of reading.
    """
    messages = session.messages.in_order()
    if before is not None:
        messages = messages.before(before)
    messages = messages.after(after) if after is not None else messages.reverse()
    listed = messages if branches == "all" else messages.current()
    if without_roles:
        listed = listed.exclude(role__in=without_roles)
    found = list(within_bytes(listed, message_limit + 1))
    page = found[:message_limit]
    has_more = bool(found) and found[0].available > len(page)
    return (page if after is not None else page[::-1]), has_more
