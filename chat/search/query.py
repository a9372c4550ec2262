"""Searching one's own chats, with work that is bounded whatever is asked and stored.

Candidates come from the index (see `chat.search.index`), newest first, and from the list of what
is not indexed yet. Each is compared with the query as text. At most MAX_CANDIDATES documents with
MAX_CHARACTERS are; when there are more, the answer says so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log10
from typing import Any

from django.db import connections, router

from accounts.principals.principal import Principal
from chat.models import ChatMessage, ChatSession
from chat.search import asked
from chat.search.asked import Asked, Unit
from chat.search.index import ERA, Prepared, era_mask, key, prepared, unpack, words_with
from chat.search.message_text import searched_text
from chat.search.snippets import snippet
from chat.search.text import fold

MAX_QUERY = 500

# Of more candidates, or of more text in them, the newest are compared.
MAX_CANDIDATES = 1_000
MAX_CHARACTERS = 3_000_000
# The same for what is not indexed yet, which has to be folded first.
MAX_PENDING_MESSAGES = 1_000
MAX_PENDING_BYTES = 1_000_000

# A part of a word stands for so many words that have it.
MAX_WORDS = 50
# So many parts of words of an alternative narrow down the candidates.
MAX_PARTS = 6

# So much of a message is searched for a place to show.
_SHOWN_CHARACTERS = 50_000

# What LIKE takes for something else, and how it is kept from that.
_LIKE = re.compile(r"[\\%_]")
_ESCAPED = r"\\\g<0>"

_SESSION_COLUMNS = ", ".join(
    f"session.{field.column}" for field in ChatSession._meta.concrete_fields
)

# Words are told apart by line ends, which no parameter contains.
_OWNER = """
SELECT owner.salt, owner.next_number, ARRAY(
    SELECT words FROM (
        SELECT words FROM chat_search_words WHERE user_id = owner.user_id
        ORDER BY part DESC LIMIT 128
    ) AS newest
    WHERE EXISTS (SELECT FROM unnest(%(parts)s::text[]) AS part WHERE strpos(words, part) > 0)
)
FROM chat_search_owners AS owner WHERE owner.user_id = %(user_id)s
"""

_NARROWED = """
session.user_id = %(user_id)s AND session.is_active
AND (%(since)s::timestamptz IS NULL OR session.updated_at >= %(since)s)
AND (%(until)s::timestamptz IS NULL OR session.created_at < %(until)s)
AND lower(session.model) LIKE ALL (%(models)s::text[])
"""

# Sessions with something that is not indexed yet: all of it when the session was named, moved out
# of the trash or changed as a whole, else some messages.
_LISTED = f"""
SELECT {_SESSION_COLUMNS}, listed.is_whole, listed.message_ids
FROM (
    SELECT session_id, bool_or(message_id IS NULL) AS is_whole,
        array_agg(message_id) FILTER (WHERE message_id IS NOT NULL) AS message_ids
    FROM (
        SELECT session_id, message_id FROM chat_search_pending
        WHERE user_id = %(user_id)s ORDER BY id DESC LIMIT 2000
    ) AS newest
    GROUP BY session_id
) AS listed
JOIN chat_sessions AS session ON session.id = listed.session_id
WHERE {_NARROWED}
"""  # noqa: S608 - constants

_PENDING_MESSAGES = """
SELECT id FROM (
    SELECT id, row_number() OVER newest AS place, sum(bytes) OVER newest - bytes AS before
    FROM (
        SELECT id, octet_length(content) + COALESCE(pg_column_size(content_parts), 0)
            + COALESCE(octet_length(reasoning), 0) AS bytes
        FROM chat_messages WHERE id = ANY(%(message_ids)s) OR session_id = ANY(%(whole)s)
        ORDER BY id DESC LIMIT %(messages)s + 1
    ) AS message
    WINDOW newest AS (ORDER BY id DESC)
) AS message
WHERE place <= %(messages)s AND before < %(bytes)s
"""

_NEWEST_SESSIONS = f"""
SELECT document.session_id, document.part, document.number, document.characters
FROM (
    SELECT id FROM chat_sessions AS session WHERE {_NARROWED}
    ORDER BY session.updated_at DESC, session.id DESC LIMIT %(candidates)s + 1
) AS session CROSS JOIN LATERAL (
    SELECT * FROM chat_search_documents WHERE session_id = session.id OFFSET 0
) AS document
ORDER BY document.number DESC LIMIT %(candidates)s + 1
"""  # noqa: S608 - constants

# Era after era, the newest first, until there are enough. The subquery keeps the look-up of keys
# apart from the sessions, so that it is what narrows them down.
_LOOKED_UP = """
SELECT document.session_id, document.part, document.number, document.characters
FROM (VALUES {eras}) AS era (low, high, {names})
CROSS JOIN LATERAL (
    SELECT found.session_id, found.part, found.number, found.characters
    FROM (
        SELECT session_id, part, number, characters FROM chat_search_documents
        WHERE ({condition}) AND user_id = %(user_id)s AND number >= era.low AND number < era.high
        OFFSET 0
    ) AS found
    JOIN chat_sessions AS session ON session.id = found.session_id
    WHERE {narrowed}
    ORDER BY found.number DESC LIMIT %(candidates)s + 1
) AS document
LIMIT %(candidates)s + 1
"""

# Of few rows: OFFSET keeps the planner from reading whole tables for them.
_DOCUMENTS = """
SELECT {columns}, document.body,
    bounded.place > %(candidates)s OR bounded.before >= %(characters)s AS is_beyond
FROM (
    SELECT session_id, part, number,
        row_number() OVER newest AS place,
        sum(characters) OVER newest - characters AS before
    FROM ({candidates}) AS candidate WINDOW newest AS (ORDER BY number DESC)
) AS bounded
CROSS JOIN LATERAL (
    SELECT * FROM chat_sessions WHERE id = bounded.session_id OFFSET 0
) AS session
LEFT JOIN LATERAL (
    SELECT body FROM chat_search_documents
    WHERE session_id = bounded.session_id AND part = bounded.part
        AND bounded.place <= %(candidates)s AND bounded.before < %(characters)s
    OFFSET 0
) AS document ON true
ORDER BY bounded.number DESC
"""


@dataclass(frozen=True)
class Match:
    """A session that was found. `message_id` is None when only its title matches.

    `snippet` is HTML: escaped text, with what was found in <mark>.
    """

    session: ChatSession
    message_id: int | None
    rank: float
    snippet: str


@dataclass(frozen=True)
class Page:
    """Some of what was found.

    `count` is the number of sessions found in all; unless `is_count_exact`, there are more.
    """

    matches: list[Match]
    count: int
    is_count_exact: bool


@dataclass
class _Found:
    session: ChatSession
    message: Prepared | None
    rank: float


class _Sought:
    """A query with the sessions that it has found so far."""

    def __init__(self, query: Asked, now: datetime) -> None:
        self.query = query
        self.found: dict[int, _Found] = {}
        self._now = now
        self._titles: dict[int, _Title] = {}

    def compare(self, session: ChatSession, messages: Iterable[Prepared]) -> None:
        """Compare the title and messages of a session with the query; the best match stays."""
        query = self.query
        title = self._titles.get(session.pk)
        if title is None:
            title = self._titles[session.pk] = _Title(query, fold(session.title))
            if not query.roles and self._is_in_time(session.created_at):
                self._keep(session, None, title)
        if query.is_title_only or title.is_excluded:
            return
        for message in messages:
            if query.roles and message.role not in query.roles:
                continue
            if self._is_in_time(message.created_at):
                self._keep(session, message, title)

    def _is_in_time(self, time: datetime) -> bool:
        query = self.query
        return (query.since is None or time >= query.since) and (
            query.until is None or time < query.until
        )

    def _keep(self, session: ChatSession, message: Prepared | None, title: "_Title") -> None:
        score = title.score("" if message is None else message.text)
        if not score:
            return
        days = max(0.0, (self._now - session.updated_at).total_seconds() / 86_400)
        rank = score * (1 + 0.3 * 0.5 ** (days / 30))
        known = self.found.get(session.pk)
        if known is None or rank > known.rank:
            self.found[session.pk] = _Found(session, message, rank)


class _Title:
    """A title compared with a query, for comparing the messages below it."""

    def __init__(self, query: Asked, title: str) -> None:
        self._excluded = query.excluded
        self.is_excluded = any(unit.score(title) for unit in query.excluded)
        self._alternatives = [
            [(unit, unit.score(title)) for unit in units] for units in query.alternatives
        ]

    def score(self, text: str) -> float:
        """How well the title and a message's folded text match together; 0 is not at all."""
        if self.is_excluded or any(unit.score(text) for unit in self._excluded):
            return 0.0
        if not self._alternatives:
            return 0.1
        best = 0.0
        shortness = 1 / (1 + 0.1 * log10(1 + len(text) / 20))
        for units in self._alternatives:
            total = 0.0
            for unit, in_title in units:
                in_text = unit.score(text) if text else 0.0
                if not in_text and not in_title:
                    break
                # A title says what a chat is about: it counts twice.
                total += in_text * shortness + 2 * in_title
            else:
                best = max(best, total / len(units))
        return best


def search_chats(
    owner: Principal, query: str, *, limit: int, offset: int = 0, is_by_time: bool = False
) -> Page:
    """The active sessions of `owner` in which `query` is found, best first.

    See `chat.search.asked` for what a query may ask. A session is found by its title, by one of
    its messages, or by both together. `is_by_time` orders by the time of the last change. Five
    statements at most.
    """
    read = asked.read(query)
    if read.is_empty:
        return Page([], 0, True)
    sought = _Sought(read, datetime.now(UTC))
    parameters: dict[str, Any] = {
        "user_id": owner.user_id,
        "since": read.since,
        "until": read.until,
        "models": [f"%{_LIKE.sub(_ESCAPED, model)}%" for model in read.models],
        "candidates": MAX_CANDIDATES,
        "characters": MAX_CHARACTERS,
    }
    is_exact, pending_ids = _search_pending(sought, parameters)
    is_exact = _search_documents(sought, parameters, pending_ids) and is_exact

    def order(found: _Found) -> tuple[Any, ...]:
        session = found.session
        return 0.0 if is_by_time else found.rank, session.updated_at, session.pk

    ordered = sorted(sought.found.values(), key=order, reverse=True)
    return Page(
        matches=_matches(ordered[offset : offset + limit], read.units),
        count=len(ordered),
        is_count_exact=is_exact,
    )


def _search_pending(sought: _Sought, parameters: dict[str, Any]) -> tuple[bool, set[int]]:
    """Search what is not indexed yet.

    Returns whether that was all of it, and the ids of the messages, which the index may have as
    they were.
    """
    sessions: dict[int, ChatSession] = {}
    message_ids: set[int] = set()
    whole: list[int] = []
    for *columns, is_whole, its_messages in _rows(_LISTED, parameters):
        session = _session(columns)
        sessions[session.pk] = session
        message_ids.update(its_messages or ())
        if is_whole:
            whole.append(session.pk)
    if not sessions:
        return True, set()
    bounds = {
        "message_ids": list(message_ids),
        "whole": whole,
        "messages": MAX_PENDING_MESSAGES,
        "bytes": MAX_PENDING_BYTES,
    }
    ids = [message_id for (message_id,) in _rows(_PENDING_MESSAGES, bounds)]
    by_session: dict[int, list[Prepared]] = {session_id: [] for session_id in sessions}
    for message in ChatMessage.objects.filter(pk__in=ids):
        if message.session_id in by_session:
            by_session[message.session_id].append(prepared(message))
    for session_id, messages in by_session.items():
        sought.compare(sessions[session_id], messages)
    is_all = not message_ids.difference(ids) and len(ids) < MAX_PENDING_MESSAGES
    return is_all, message_ids


def _search_documents(sought: _Sought, parameters: dict[str, Any], pending_ids: set[int]) -> bool:
    """Search the index. Returns whether every candidate was compared."""
    parts = {
        part
        for units in sought.query.alternatives
        for unit in units
        for part, before, after in unit.lookups()
        if before or after
    }
    rows = _rows(_OWNER, {**parameters, "parts": list(parts)})
    if not rows:
        return True
    ((salt, next_number, words),) = rows
    if sought.query.alternatives:
        candidates, its_parameters, is_exact = _look_up(
            sought.query, bytes(salt), next_number, words
        )
    else:
        candidates, its_parameters, is_exact = _NEWEST_SESSIONS, {}, True
    statement = _DOCUMENTS.format(candidates=candidates, columns=_SESSION_COLUMNS)
    sessions: dict[int, ChatSession] = {}
    for session_id, *columns, body, is_beyond in _rows(
        statement, {**parameters, **its_parameters}
    ):
        if is_beyond or body is None:
            is_exact = is_exact and not is_beyond
            continue
        session = sessions.get(session_id)
        if session is None:
            session = sessions[session_id] = _session([session_id, *columns])
        messages = unpack(body)
        if pending_ids:
            messages = [one for one in messages if one.message_id not in pending_ids]
        sought.compare(session, messages)
    return is_exact


def _look_up(
    query: Asked, salt: bytes, next_number: int, words: list[str]
) -> tuple[str, dict[str, Any], bool]:
    """The statement that finds candidates, its parameters, and whether it finds all of them."""
    groups: list[list[int]] = []
    conditions: list[str] = []
    is_exact = True
    for units in query.alternatives:
        exact: set[int] = set()
        loose: list[list[int]] = []
        for unit in units:
            for term, before, after in unit.lookups():
                if not before and not after:
                    exact.add(key(salt, term))
                    continue
                listed = words_with(words, term, before=before, after=after)
                is_exact = is_exact and len(listed) <= MAX_WORDS
                loose.append([key(salt, word) for word in {term, *listed[:MAX_WORDS]}])
        both = []
        if exact:
            both.append(f"keys @> era.k{len(groups)}")
            groups.append(sorted(exact))
        for some in sorted(loose, key=len)[:MAX_PARTS]:
            both.append(f"keys && era.k{len(groups)}")
            groups.append(some)
        conditions.append(" AND ".join(both))
    eras = []
    parameters: dict[str, Any] = {}
    for low in range(max(0, next_number - 1) // ERA * ERA, -1, -ERA):
        mask = era_mask(low)
        values = [f"{low}::bigint", f"{low + ERA}::bigint"]
        for at, group in enumerate(groups):
            parameters[f"k{low}_{at}"] = [one ^ mask for one in group]
            values.append(f"%(k{low}_{at})s::integer[]")
        eras.append(f"({', '.join(values)})")
    statement = _LOOKED_UP.format(
        eras=", ".join(eras),
        names=", ".join(f"k{at}" for at in range(len(groups))),
        condition=" OR ".join(f"({condition})" for condition in conditions),
        narrowed=_NARROWED,
    )
    return statement, parameters, is_exact


def _matches(found: Sequence[_Found], units: Sequence[Unit]) -> list[Match]:
    """What is shown of what was found, with snippets of the messages as they are now."""
    ids = [one.message.message_id for one in found if one.message is not None]
    messages = ChatMessage.objects.filter(pk__in=ids).in_bulk() if ids else {}
    matches = []
    for one in found:
        shown = one.session.title
        message_id = None
        if one.message is not None:
            message = messages.get(one.message.message_id)
            if message is None:
                continue  # it was deleted a moment ago
            message_id = message.pk
            shown = _shown(searched_text(message), one.message.text, units)
        matches.append(Match(one.session, message_id, one.rank, snippet(shown, units)))
    return matches


def _shown(text: str, folded: str, units: Sequence[Unit]) -> str:
    """The part of a message's text to make a snippet of: its beginning, or from a match on."""
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    starts = [spans[0][0] for unit in units if (spans := unit.spans(folded))]
    first = min(starts, default=0)
    if first < _SHOWN_CHARACTERS // 2:
        return text[:_SHOWN_CHARACTERS]
    return folded[first - 100 : first + 1_000]


def _session(columns: Sequence[Any]) -> ChatSession:
    names = [field.attname for field in ChatSession._meta.concrete_fields]
    return ChatSession.from_db(router.db_for_read(ChatSession), names, columns)


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[router.db_for_read(ChatSession)].cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
