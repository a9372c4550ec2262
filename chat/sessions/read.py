"""Reading sessions: one of them, or a page of the list."""

from dataclasses import dataclass
from typing import Any, cast

import msgspec
from django.db import connections, router
from django.db.models import BigIntegerField, Exists, F, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast
from django.http import Http404

from accounts.principals.principal import Principal
from chat.models import ChatMessage, ChatSession, ChatSessionQuerySet
from chat.sessions.cursors import cursor_after, read_cursor
from chat.sessions.serializers import SessionSerializer
from gatewayz.api.bodies import decode_values
from gatewayz.api.conditional import etag_of
from gatewayz.api.paging import page_first
from gatewayz.api.serializing import represented_rows
from gatewayz.database.base import DatabaseWrapper
from gatewayz.database.compiled import fetch

# JSON as text, which goes into the answer as it is.
_FIELDS = [
    Cast(name, TextField()) if name == "metadata" else F(name)
    for name in SessionSerializer.Meta.fields
]
_EXTRA = Cast("extra", TextField())

# The plan of a prepared statement is made for the average user and session, and sorts all rows
# that it finds. That is cheap for up to SHORT messages of a session, and FEW sessions of a user.
SHORT, FEW = 200, 1_000

# Users who had FEW active sessions when their list was last read.
_users_with_few: set[int] = set()
_MAX_USERS = 10_000

_COUNT = "SELECT count(*) FROM ({}) AS counted"

# The sums come from idx_chat_messages_totals alone, which has the condition `tokens >= 0`.
_STATISTICS = """
SELECT sessions.*, messages.*
FROM (
    SELECT count(*), count(*) FILTER (WHERE is_active) FROM chat_sessions
    WHERE user_id = %(user_id)s
) AS sessions, (
    SELECT count(*), COALESCE(sum(tokens), 0) FROM chat_messages
    WHERE user_id = %(user_id)s AND tokens >= 0
) AS messages
"""
# By an array, because PostgreSQL might join the sessions with the whole table of messages.
_STATISTICS_OF_END_USER = """
WITH session AS MATERIALIZED (
    SELECT id, is_active FROM chat_sessions
    WHERE user_id = %(user_id)s AND end_user_id = %(end_user_id)s
)
SELECT sessions.*, messages.*
FROM (SELECT count(*), count(*) FILTER (WHERE is_active) FROM session) AS sessions, (
    SELECT count(*), COALESCE(sum(tokens), 0) FROM chat_messages
    WHERE user_id = %(user_id)s AND tokens >= 0
        AND session_id = ANY(ARRAY(SELECT id FROM session))
) AS messages
"""


@dataclass(frozen=True)
class SessionPage:
    """A page of the list of sessions, not yet as JSON. `count` covers all pages.

    A row holds the count, the version, _FIELDS and _EXTRA.
    """

    rows: list[Any]
    count: int
    next_cursor: str | None

    @property
    def etag(self) -> str:
        """An ETag that changes with everything the page shows."""
        # With the time, for the reason given in `session_as_json`.
        place = SessionSerializer.Meta.fields.index("updated_at")
        versions = [(row[1], row[2], row[2 + place]) for row in self.rows]
        return etag_of(self.count, versions)

    def as_json(self) -> list[dict[str, Any]]:
        """The sessions as `represented_session` shows them."""
        return _as_json([row[2:] for row in self.rows])


def session_as_json(owner: Principal, session_id: int) -> tuple[dict[str, Any], str, bool]:
    """A session of `owner` with `current_message_id`, its ETag, and whether it is long.

    A long one has more than SHORT messages. The ETag changes with anything that is shown of the
    session or its messages. One statement. Raises Http404 when there is no such session.
    """
    values = {"user_id": owner.user_id, "session_id": session_id}
    # It is found by its id, so that one plan serves all.
    rows = fetch(_one, values, prepare=None)
    if not rows:
        raise Http404
    ((version, current_message_id, is_long, *row),) = rows
    (session,) = _as_json([row])
    # With the time, because processes of an older release may still run and count no versions.
    etag = etag_of(version, session["updated_at"])
    return {**session, "current_message_id": current_message_id}, etag, is_long


def page_of_sessions(
    owner: Principal,
    *,
    limit: int,
    offset: int,
    cursor: str | None = None,
    order: str = "updated",
    pinned: bool | None = None,
    archived: bool | None = None,
    deleted: bool = False,
    **matching: str,
) -> SessionPage:
    """At most `limit` sessions of `owner`, in `order`.

    `order` is `updated`, the most recently changed first, or `created`, the oldest first.
    `matching` is for `ChatSessionQuerySet.matching`. One statement, or two when a further page
    is empty. Raises ValidationError when `cursor` is invalid.
    """
    values = {"user_id": owner.user_id, **matching}
    chosen: Any = {"pinned": pinned, "archived": archived, "deleted": deleted}
    time, session_id = read_cursor(cursor) if cursor else (None, None)
    is_whole_list = not (matching or deleted or pinned is not None or archived is not None)
    rows = fetch(
        _page,
        {**values, "time": time, "session_id": session_id},
        prepare=None if is_whole_list and owner.user_id in _users_with_few else False,
        order=order,
        limit=limit,
        offset=offset,
        **chosen,
    )
    if not rows:
        is_first_page = cursor is None and offset == 0
        count = 0 if is_first_page else fetch(_ids, values, _COUNT, **chosen)[0][0]
        return SessionPage(rows, count, None)
    count = rows[0][0]
    if is_whole_list:
        _note_count(owner.user_id, count)
    if len(rows) < limit:
        return SessionPage(rows, count, None)
    last = dict(zip(SessionSerializer.Meta.fields, rows[-1][2:-1], strict=True))
    by = "created_at" if order == "created" else "updated_at"
    return SessionPage(rows, count, cursor_after(last[by], last["id"]))


def _note_count(user_id: int, count: int) -> None:
    if count > FEW:
        _users_with_few.discard(user_id)
    elif len(_users_with_few) < _MAX_USERS:
        _users_with_few.add(user_id)


def statistics(owner: Principal, *, end_user_id: str | None = None) -> dict[str, Any]:
    """The numbers of sessions, messages and tokens of `owner`, or of one end user. One statement.

    Deleted sessions and their messages count until they are purged, except in `active_sessions`.
    """
    sql = _STATISTICS if end_user_id is None else _STATISTICS_OF_END_USER
    connection = cast("DatabaseWrapper", connections[router.db_for_read(ChatSession)])
    values = {"user_id": owner.user_id, "end_user_id": end_user_id}
    ((total, active, message_count, tokens),) = connection.fetch_autocommit(
        sql, values, prepare=False
    )
    return {
        "total_sessions": total,
        "active_sessions": active,
        "total_messages": message_count,
        "total_tokens": tokens,
        "average_messages_per_session": round(message_count / total, 2) if total else 0.0,
    }


def _owned(user_id: int) -> ChatSessionQuerySet:
    return ChatSessionQuerySet(ChatSession).owned_by(Principal.without_key(user_id))


def _one(user_id: int, session_id: int) -> QuerySet[Any, Any]:
    owned = _owned(user_id).active().with_current_message(user_id)
    messages = ChatMessage.objects.filter(user_id=user_id, session_id=OuterRef("pk"))
    one = owned.filter(pk=session_id).annotate(is_long=Exists(messages[SHORT : SHORT + 1]))
    return one.values_list("version", "current_message_id", "is_long", *_FIELDS, _EXTRA)


def _chosen(
    user_id: int,
    *,
    pinned: bool | None,
    archived: bool | None,
    deleted: bool,
    **matching: str,
) -> ChatSessionQuerySet:
    owned = _owned(user_id)
    owned = owned.deleted() if deleted else owned.active()
    return owned.marked(pinned=pinned, archived=archived).matching(**matching)


def _ids(user_id: int, **chosen: Any) -> QuerySet[Any, Any]:
    return _chosen(user_id, **chosen).values_list("pk")


def _page(
    user_id: int,
    time: Any,
    session_id: int | None,
    *,
    order: str,
    limit: int,
    offset: int,
    **chosen: Any,
) -> QuerySet[Any, Any]:
    listed = _chosen(user_id, **chosen)
    listed = listed.begun() if order == "created" else listed.recent()
    if session_id is not None:
        after = listed.begun_after if order == "created" else listed.older_than
        listed = after(time, session_id)
    page = page_first(listed, limit=limit, offset=offset)
    # In the same statement, because a round trip costs more than to count.
    count = Subquery(
        _ids(user_id, **chosen),
        template=f"({_COUNT.format('%(subquery)s')})",
        output_field=BigIntegerField(),
    )
    return page.values_list(count, "version", *_FIELDS, _EXTRA)


def _as_json(rows: list[Any]) -> list[dict[str, Any]]:
    """Convert rows of _FIELDS and _EXTRA to sessions as `represented_session` shows them."""
    sessions = represented_rows(SessionSerializer, (row[:-1] for row in rows))
    for number, (*_, extra) in enumerate(rows):
        session = sessions[number]
        if session["metadata"] is not None:
            session["metadata"] = msgspec.Raw(session["metadata"])
        if extra is not None:
            sessions[number] = {**decode_values(extra), **session}
    return sessions
