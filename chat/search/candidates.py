"""Statements that find the candidates of a search, with bounded work for any query and any data.

The index returns candidates, newest first; messages that are not indexed yet are read through the
list of pending ones. Each bound limits a number of keys, rows, characters or bytes. When a bound
cuts off candidates, the result says so.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import connections, router

from chat.messages.read import COLUMNS, READ_BYTES, message_of_row
from chat.models import ChatMessage, ChatSession
from chat.search.asked import Asked, Unit
from chat.search.documents import Document, Prepared, prepared
from chat.search.index import ERA, era_mask, key, words_with
from gatewayz.database.base import DatabaseWrapper

# At most this many terms of a query (the longest) and parts of words are looked up.
MAX_TERMS = 48
MAX_PARTS = 12
# A part of a word is replaced by at most this many words that contain it, and all parts of a query
# by so many together: each word is a page to read in each era.
MAX_WORDS = 50
MAX_WORDS_OF_QUERY = 120
# At most this many keys are looked up in all eras together; the oldest eras are left out.
MAX_LOOKUPS = 40_000
# At most this many documents with the keys are read, or sessions if there are no keys.
MAX_FOUND = 20_000
# At most this many documents are compared, and this many characters in them.
MAX_CANDIDATES = 1_000
MAX_CHARACTERS = 4_000_000
_NO_BOUND = 2**62
# Each word of a query is compared with each character: at most this many pairs.
MAX_COMPARED = 8_000_000
# Pending lines, and their messages, which have to be folded before they can be compared.
MAX_LISTED = 2_000
MAX_PENDING_MESSAGES = 1_000
MAX_PENDING_BYTES = 1_000_000

# Characters that are special in LIKE, and their escaped form.
_LIKE = re.compile(r"[\\%_]")
_ESCAPED = r"\\\g<0>"

_SESSION_COLUMNS = ", ".join(
    f"session.{field.column}" for field in ChatSession._meta.concrete_fields
)

# Words are separated by line ends, which no parameter contains.
_OWNER = """
SELECT owner.salt, owner.next_number, ARRAY(
    SELECT words FROM (
        SELECT words FROM chat_search_words WHERE user_id = %(user_id)s
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
AND session.tags @> %(tags)s::varchar[]
AND (cardinality(%(folders)s::varchar[]) = 0 OR session.folder = ANY(%(folders)s::varchar[]))
AND (%(end_user_id)s::varchar IS NULL OR session.end_user_id = %(end_user_id)s)
"""

# Sessions that are not completely indexed yet: all of a session that was renamed, restored or
# changed as a whole, otherwise some of its messages. A SELECT is run again when it is lost.
_LISTED = f"""
SELECT * FROM (
WITH newest AS MATERIALIZED (
    SELECT session_id, message_id FROM chat_search_pending
    WHERE user_id = %(user_id)s ORDER BY id DESC LIMIT %(listed)s + 1
)
SELECT (SELECT count(*) FROM newest) > %(listed)s AS is_cut, listed.*
FROM (SELECT) AS always LEFT JOIN (
    SELECT {_SESSION_COLUMNS}, changed.is_whole, changed.message_ids
    FROM (
        SELECT session_id, bool_or(message_id IS NULL) AS is_whole,
            array_agg(message_id) FILTER (WHERE message_id IS NOT NULL) AS message_ids
        FROM newest GROUP BY session_id
    ) AS changed
    CROSS JOIN LATERAL (
        SELECT * FROM chat_sessions
        WHERE id = changed.session_id AND user_id = %(user_id)s OFFSET 0
    ) AS session
    WHERE {_NARROWED}
) AS listed ON true
) AS found
"""  # noqa: S608 - constants

_PENDING_MESSAGES = f"""
SELECT id, place <= %(messages)s AND before < %(bytes)s AS is_within
FROM (
    SELECT id, row_number() OVER newest AS place, sum(bytes) OVER newest - bytes AS before
    FROM (
        SELECT id, {READ_BYTES} AS bytes FROM chat_messages
        WHERE id = ANY(%(message_ids)s) AND user_id = %(user_id)s
        UNION
        (
            SELECT message.id, message.bytes
            FROM unnest(%(whole)s::bigint[]) AS whole (session_id)
            CROSS JOIN LATERAL (
                SELECT id, {READ_BYTES} AS bytes FROM chat_messages
                WHERE session_id = whole.session_id AND user_id = %(user_id)s
                ORDER BY created_at DESC LIMIT %(messages)s + 1
            ) AS message
            LIMIT %(messages)s + 1
        )
    ) AS message
    WINDOW newest AS (ORDER BY id DESC)
) AS message
"""  # noqa: S608 - constants

# Reads era after era, newest first, until there are enough documents.
_FOUND_BY_KEYS = """
SELECT document.session_id, document.part, document.number, document.characters
FROM (VALUES {eras}) AS era (low, high, {names})
CROSS JOIN LATERAL (
    SELECT session_id, part, number, characters FROM (
        SELECT * FROM chat_search_documents
        WHERE ({condition}) AND user_id = %(user_id)s AND number >= era.low AND number < era.high
        OFFSET 0
    ) AS its
    ORDER BY number DESC
) AS document
LIMIT %(found)s + 1
"""
_SESSION = """
CROSS JOIN LATERAL (
    SELECT * FROM chat_sessions WHERE id = found.session_id AND user_id = %(user_id)s OFFSET 0
) AS session
"""
_CANDIDATES_BY_KEYS = f"""
SELECT found.* FROM found {_SESSION} WHERE {_NARROWED} LIMIT %(candidates)s + 1
"""  # noqa: S608 - constants

# A query without words, such as `model:gpt`: the newest sessions.
_FOUND_BY_TIME = """
SELECT id AS session_id FROM chat_sessions WHERE user_id = %(user_id)s AND is_active
ORDER BY updated_at DESC, id DESC LIMIT %(found)s + 1
"""
_CANDIDATES_BY_TIME = f"""
SELECT document.session_id, document.part, document.number, document.characters
FROM found {_SESSION}
CROSS JOIN LATERAL (
    SELECT * FROM chat_search_documents
    WHERE session_id = session.id AND user_id = %(user_id)s ORDER BY part DESC OFFSET 0
) AS document
WHERE {_NARROWED} LIMIT %(candidates)s + 1
"""  # noqa: S608 - constants

# OFFSET keeps the planner from reading whole tables for few rows.
_DOCUMENTS = """
SELECT * FROM (
WITH found AS MATERIALIZED ({found}), candidate AS MATERIALIZED ({candidates})
SELECT
    -- Only as much as is needed is found: counting all of it comes last.
    CASE WHEN documents.are_more THEN true ELSE (SELECT count(*) FROM found) > %(found)s END
        AS is_cut,
    documents.*
FROM (SELECT) AS always LEFT JOIN (
    SELECT {columns}, document.body, bounded.are_more
    FROM (
        SELECT *, bool_or(is_beyond) OVER () AS are_more FROM (
            SELECT session_id, part, number,
                row_number() OVER newest > %(candidates)s
                OR sum(characters) OVER newest - characters >= %(characters)s AS is_beyond
            FROM candidate WINDOW newest AS (ORDER BY number DESC)
        ) AS measured
    ) AS bounded
    CROSS JOIN LATERAL (
        SELECT * FROM chat_sessions
        WHERE id = bounded.session_id AND user_id = %(user_id)s OFFSET 0
    ) AS session
    LEFT JOIN LATERAL (
        SELECT body FROM chat_search_documents
        WHERE session_id = bounded.session_id AND part = bounded.part
            AND user_id = %(user_id)s AND %(is_read)s
        OFFSET 0
    ) AS document ON true
    WHERE NOT bounded.is_beyond
    ORDER BY bounded.number DESC
) AS documents ON true
) AS candidates
"""

_SHOWN = f"""
SELECT sized.id, {", ".join(f"message.{column}" for column in COLUMNS)}
FROM (
    SELECT id, sum(bytes) OVER (ORDER BY place) <= %(bytes)s AS is_within
    FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS given (id, place)
    CROSS JOIN LATERAL (
        SELECT {READ_BYTES} AS bytes FROM chat_messages
        WHERE id = given.id AND user_id = %(user_id)s OFFSET 0
    ) AS message
) AS sized
LEFT JOIN LATERAL (
    SELECT * FROM chat_messages
    WHERE id = sized.id AND user_id = %(user_id)s AND sized.is_within OFFSET 0
) AS message ON true
"""  # noqa: S608 - constants


@dataclass
class Candidates:
    """The documents and sessions that may match a query, and whether any were left out."""

    query: Asked
    user_id: int
    end_user_id: str | None = None
    is_exact: bool = True

    def __post_init__(self) -> None:
        query = self.query
        # Both are in the index as well, in their old form.
        self._pending_ids: set[int] = set()
        self._compared_sessions: set[int] = set()
        self._parameters: dict[str, Any] = {
            "user_id": self.user_id,
            "since": query.since,
            "until": query.until,
            "models": [f"%{_LIKE.sub(_ESCAPED, model)}%" for model in query.models],
            "tags": list(query.tags),
            "folders": list(query.folders),
            "end_user_id": self.end_user_id,
            "listed": MAX_LISTED,
            "found": MAX_FOUND,
            "candidates": MAX_CANDIDATES,
            # Sessions alone have no characters to compare.
            "characters": self.max_characters if query.needs_messages else _NO_BOUND,
            "is_read": query.needs_messages,
        }

    @property
    def max_characters(self) -> int:
        """Return how many characters are compared: fewer when the query has many words."""
        return min(MAX_CHARACTERS, MAX_COMPARED // max(1, self.query.atom_count))

    def __iter__(self) -> Iterator[tuple[ChatSession, Document]]:
        """Sessions with some of their messages; one may come several times. Four statements."""
        yield from self._pending()
        yield from self._indexed()

    def _pending(self) -> Iterator[tuple[ChatSession, Document]]:
        sessions: dict[int, ChatSession] = {}
        whole: list[int] = []
        for is_cut, session_id, *columns, is_whole, message_ids in _rows(
            _LISTED, self._parameters
        ):
            self.is_exact = self.is_exact and not is_cut
            if session_id is None:
                continue
            sessions[session_id] = _session([session_id, *columns])
            self._pending_ids.update(message_ids or ())
            if is_whole:
                whole.append(session_id)
        if not sessions:
            return
        if not self.query.needs_messages:
            yield from ((session, Document.of([])) for session in sessions.values())
            return
        bounds = {
            "user_id": self.user_id,
            "message_ids": list(self._pending_ids),
            "whole": whole,
            "messages": MAX_PENDING_MESSAGES,
            "bytes": MAX_PENDING_BYTES,
        }
        rows = _rows(_PENDING_MESSAGES, bounds)
        ids = [message_id for message_id, is_within in rows if is_within]
        if len(ids) == len(rows):
            self._compared_sessions.update(whole)
        else:
            self.is_exact = False
        by_session: dict[int, list[Prepared]] = {session_id: [] for session_id in sessions}
        for message in ChatMessage.objects.filter(user_id=self.user_id, pk__in=ids):
            if message.session_id in by_session:
                by_session[message.session_id].append(prepared(message))
        for session_id, messages in by_session.items():
            yield sessions[session_id], Document.of(messages)

    def _indexed(self) -> Iterator[tuple[ChatSession, Document]]:
        statement = _FOUND_BY_TIME
        parameters: dict[str, Any] = {}
        candidates = _CANDIDATES_BY_TIME
        if self.query.alternatives:
            lookups = [_Lookup(units, self.query) for units in self.query.alternatives]
            parts = list({part for lookup in lookups for part, _, _ in lookup.parts})
            rows = _rows(_OWNER, {**self._parameters, "parts": parts})
            if not rows:
                return
            ((salt, next_number, words),) = rows
            statement, parameters = self._by_keys(lookups, bytes(salt), next_number, words)
            candidates = _CANDIDATES_BY_KEYS
        statement = _DOCUMENTS.format(
            found=statement, candidates=candidates, columns=_SESSION_COLUMNS
        )
        # The keys of a document are stored outside its row, and reading them costs a hundred times
        # what the planner expects. It would not use the index for a few thousand documents.
        rows = _rows(statement, {**self._parameters, **parameters}, avoid_seq_scan=True)
        sessions: dict[int, ChatSession] = {}
        for is_cut, session_id, *columns, body, _ in rows:
            self.is_exact = self.is_exact and not is_cut
            if session_id is None or session_id in self._compared_sessions:
                continue
            session = sessions.get(session_id)
            if session is None:
                session = sessions[session_id] = _session([session_id, *columns])
            document = Document.of([]) if body is None else Document.unpacked(body)
            yield session, document.without(self._pending_ids)

    def _by_keys(
        self, lookups: Sequence["_Lookup"], salt: bytes, next_number: int, words: list[str]
    ) -> tuple[str, dict[str, Any]]:
        """The statement that finds documents by their keys, and its parameters."""
        groups: list[list[int]] = []
        conditions: list[str] = []
        parts = sum(len(lookup.parts) for lookup in lookups)
        max_words = min(MAX_WORDS, MAX_WORDS_OF_QUERY // max(1, parts))
        for lookup in lookups:
            both = []
            if lookup.terms:
                both.append(f"keys @> era.k{len(groups)}")
                groups.append([key(salt, term) for term in lookup.terms])
            for part, before, after in lookup.parts:
                listed = words_with(words, part, before=before, after=after)
                self.is_exact = self.is_exact and len(listed) <= max_words
                both.append(f"keys && era.k{len(groups)}")
                groups.append([key(salt, word) for word in {part, *listed[:max_words]}])
            conditions.append(f"({' AND '.join(both)})")
        lows = range(max(0, next_number - 1) // ERA * ERA, -1, -ERA)
        max_eras = max(1, MAX_LOOKUPS // sum(map(len, groups)))
        self.is_exact = self.is_exact and len(lows) <= max_eras
        eras = []
        parameters: dict[str, Any] = {}
        for low in lows[:max_eras]:
            mask = era_mask(low)
            values = [f"{low}::bigint", f"{low + ERA}::bigint"]
            for at, group in enumerate(groups):
                parameters[f"k{low}_{at}"] = [one ^ mask for one in group]
                values.append(f"%(k{low}_{at})s::integer[]")
            eras.append(f"({', '.join(values)})")
        statement = _FOUND_BY_KEYS.format(
            eras=", ".join(eras),
            names=", ".join(f"k{at}" for at in range(len(groups))),
            condition=" OR ".join(conditions),
        )
        return statement, parameters


class _Lookup:
    """The look-up terms of one alternative: the longest of its terms and of its parts of words.

    A document that matches has all of them. It is then compared with the whole query.
    """

    def __init__(self, units: Sequence[Unit], query: Asked) -> None:
        lookups = {one for unit in units for one in unit.lookups()}
        longest = sorted(lookups, key=lambda one: (-len(one[0]), one))
        count = len(query.alternatives)
        exact = [term for term, before, after in longest if not before and not after]
        loose = [one for one in longest if one[1] or one[2]]
        self.terms = exact[: max(1, MAX_TERMS // count)]
        self.parts = loose[: max(1, MAX_PARTS // count)]


def shown_messages(
    user_id: int, ids: list[int], max_bytes: int
) -> tuple[set[int], dict[int, ChatMessage]]:
    """A user's messages among `ids`; only the first ones that fit into `max_bytes`."""
    if not ids:
        return set(), {}
    rows = _rows(_SHOWN, {"user_id": user_id, "ids": ids, "bytes": max_bytes})
    existing = {message_id for message_id, *_ in rows}
    within = {row[0]: message_of_row(row[1:]) for row in rows if row[1] is not None}
    return existing, within


def _session(columns: Sequence[Any]) -> ChatSession:
    names = [field.attname for field in ChatSession._meta.concrete_fields]
    return ChatSession.from_db(router.db_for_read(ChatSession), names, columns)


def _rows(
    statement: str, parameters: dict[str, Any], *, avoid_seq_scan: bool = False
) -> list[tuple[Any, ...]]:
    """The rows of a statement whose best plan depends on how much the user has."""
    connection = cast("DatabaseWrapper", connections[router.db_for_read(ChatSession)])
    return connection.fetch_autocommit(
        statement, parameters, prepare=False, avoid_seq_scan=avoid_seq_scan
    )
