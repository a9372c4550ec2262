"""Reading the messages of a session, a page at a time."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import JSONField, QuerySet
from django.db.models.query import RawQuerySet

from accounts.principals.principal import Principal
from chat.messages.serializers import MessageSerializer
from chat.models import ChatMessage, ChatMessageQuerySet, ChatSession
from gatewayz.api.bodies import decode_values
from gatewayz.api.serializing import represented_rows
from gatewayz.database.compiled import fetch
from gatewayz.database.connections import Parameters

# A single message may be as long as a request, and a page is made in memory.
PAGE_BYTES = 4_000_000

# Also bounds a page of messages that have hardly any text.
MAX_PAGE_MESSAGES = 5_000

# The stored bytes of the columns of chat_messages that may be long. Values that PostgreSQL stores
# outside the row, such as long texts, are measured without reading them.
SIZE_BYTES = """
    octet_length(content) + COALESCE(pg_column_size(content_parts), 0)
    + COALESCE(octet_length(reasoning), 0) + COALESCE(pg_column_size(metadata), 0)
    + COALESCE(pg_column_size(extra), 0)
"""

# Compressed JSON may be a hundred times as long as what is stored; only reading it shows how long.
READ_BYTES = "octet_length(content) + COALESCE(octet_length(reasoning), 0)" + "".join(
    f"""
    + CASE WHEN pg_column_compression({name}) IS NULL THEN COALESCE(pg_column_size({name}), 0)
        ELSE octet_length({name}::text) END"""
    for name in ("content_parts", "metadata", "extra")
)

# Measured twice, so that compressed JSON is only read while the stored bytes fit into the page.
_WITHIN = """
SELECT {columns} FROM (
    SELECT *, sum(read_bytes) OVER (ROWS UNBOUNDED PRECEDING) - read_bytes AS bytes_before
    FROM (
        SELECT *, {read_bytes} AS read_bytes FROM (
            SELECT *,
                sum(size_bytes) OVER (ROWS UNBOUNDED PRECEDING) - size_bytes AS stored_before,
                count(*) OVER () AS available,
                row_number() OVER () AS place
            FROM (
                SELECT *, {size_bytes} AS size_bytes FROM ({{}}) AS listed
            ) AS measured
        ) AS numbered
        WHERE stored_before < {max_bytes:d}
    ) AS within
) AS page
WHERE bytes_before < {max_bytes:d}
ORDER BY place
"""

# JSON as text, which goes into the answer as it is.
_SHOWN = ", ".join(
    f"{name}::text" if name == "metadata" else name for name in MessageSerializer.Meta.fields
)
_PAGE = _WITHIN.format(
    columns=f"{_SHOWN}, content_parts::text, extra::text, available",
    size_bytes=SIZE_BYTES,
    read_bytes=READ_BYTES,
    max_bytes=PAGE_BYTES,
)


_FIELDS = ChatMessage._meta.concrete_fields
COLUMNS = [field.column for field in _FIELDS]


def message_of_row(values: Sequence[Any]) -> ChatMessage:
    """Return the message of a row with COLUMNS, as Django makes one."""
    connection = transaction.get_connection()
    loaded = [
        field.from_db_value(value, field.cached_col, connection)
        if isinstance(field, JSONField)
        else value
        for field, value in zip(_FIELDS, values, strict=True)
    ]
    return ChatMessage.from_db(connection.alias, [field.attname for field in _FIELDS], loaded)


def within_bytes(
    messages: QuerySet[ChatMessage], at_most: int, max_bytes: int = PAGE_BYTES
) -> RawQuerySet:
    """The first `at_most` of these messages that fit into `max_bytes`; at least one.

    The message that exceeds `max_bytes` is the last. Each has `available`: how many of the first
    `at_most` there are. One statement.
    """
    listed, parameters = messages[:at_most].query.sql_with_params()
    return _rows_within(listed, parameters, max_bytes)


_FIRST_OF_EACH = """
SELECT message.* FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS session (id, place)
CROSS JOIN LATERAL (
    SELECT * FROM "chat_messages"
    WHERE session_id = session.id AND user_id = %(user_id)s ORDER BY position, id LIMIT %(at_most)s
) AS message
ORDER BY session.place, message.position, message.id
"""


def first_of_each(sessions: Sequence[ChatSession], at_most: int) -> RawQuerySet:
    """The first `at_most` messages of each session that fit into PAGE_BYTES, one after another.

    All sessions belong to one user. Each message has `available` as in `within_bytes`. One
    statement.
    """
    values = {
        "user_id": sessions[0].user_id,
        "ids": [session.pk for session in sessions],
        "at_most": at_most,
    }
    return _rows_within(_FIRST_OF_EACH, values, PAGE_BYTES)


def _rows_within(listed: str, parameters: Parameters, max_bytes: int) -> RawQuerySet:
    within = _WITHIN.format(
        columns="*", size_bytes=SIZE_BYTES, read_bytes=READ_BYTES, max_bytes=max_bytes
    )
    return ChatMessage.objects.raw(within.format(listed), parameters)


def page_of_messages(
    session: ChatSession,
    *,
    message_limit: int = MAX_PAGE_MESSAGES,
    before: int | None = None,
    after: int | None = None,
    branches: str = "current",
    without_roles: Sequence[str] = (),
    max_bytes: int = PAGE_BYTES,
) -> tuple[list[ChatMessage], bool]:
    """At most `message_limit` messages of the current branch, or of `all`, oldest first.

    One statement.

    `before` and `after` are ids of messages of the session. With `after`, the page begins
    right after that message; otherwise it ends right before `before`, or with the newest
    message. An id of another session finds nothing. A page also ends with the message that makes
    it longer than `max_bytes`. Messages of `without_roles` are left out.

    Returns the messages and whether there are more in the direction of reading.
    """
    listed = _listed(
        session.user_id,
        session.pk,
        before,
        after,
        branches=branches,
        without_roles=tuple(without_roles),
    )
    found = list(within_bytes(listed, message_limit + 1, max_bytes))
    page = found[:message_limit]
    has_more = bool(found) and found[0].available > len(page)
    return (page if after is not None else page[::-1]), has_more


def page_as_json(
    owner: Principal,
    session_id: int,
    *,
    message_limit: int = MAX_PAGE_MESSAGES,
    before: int | None = None,
    after: int | None = None,
    branches: str = "current",
    is_long: bool = True,
) -> tuple[list[dict[str, Any]], bool]:
    """`page_of_messages` of a session of `owner`, as MessageSerializer represents it.

    It takes a fraction of the time. A page of a session that is not `is_long` takes less still,
    because its statement is prepared. The plan of a prepared statement serves all sessions, and
    would sort all messages of a long one.
    """
    rows = fetch(
        _first_listed,
        {"user_id": owner.user_id, "session_id": session_id, "before": before, "after": after},
        _PAGE,
        prepare=False if is_long else None,
        at_most=message_limit + 1,
        branches=branches,
    )
    page = rows[:message_limit]
    has_more = bool(rows) and rows[0][-1] > len(page)
    shown = represented_rows(MessageSerializer, (row[:-3] for row in page))
    for message, (*_, parts, extra, _available) in zip(shown, page, strict=True):
        if message["metadata"] is not None:
            message["metadata"] = msgspec.Raw(message["metadata"])
        if parts is not None:
            message["content"] = msgspec.Raw(parts)
        if extra is not None:
            given = decode_values(extra)
            for name, value in given.items():
                if name not in message or name in {"content", "metadata"}:
                    message[name] = value
    return (shown if after is not None else shown[::-1]), has_more


def _listed(
    user_id: int,
    session_id: int,
    before: int | None,
    after: int | None,
    *,
    branches: str,
    without_roles: tuple[str, ...] = (),
) -> ChatMessageQuerySet:
    """The messages of a page, starting at the end from which it is read."""
    messages = ChatMessageQuerySet(ChatMessage).filter(user_id=user_id, session_id=session_id)
    messages = messages.in_order()
    if before is not None:
        messages = messages.before(before)
    messages = messages.after(after) if after is not None else messages.reverse()
    listed = messages if branches == "all" else messages.current()
    return listed.exclude(role__in=without_roles) if without_roles else listed


def _first_listed(
    user_id: int,
    session_id: int,
    before: int | None,
    after: int | None,
    *,
    at_most: int,
    branches: str,
) -> QuerySet[ChatMessage]:
    return _listed(user_id, session_id, before, after, branches=branches)[:at_most]
