"""Searches a user's chats, ranks the matches and makes their snippets."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, log10
from typing import Any

from accounts.principals.principal import Principal
from chat.models import ChatSession
from chat.search import asked
from chat.search.asked import Asked, Unit
from chat.search.candidates import Candidates, shown_messages
from chat.search.documents import Document
from chat.search.message_text import heading, searched_text
from chat.search.snippets import Snippet, snippet
from chat.search.text import fold

MAX_QUERY = 500

# The score of everything that passes the filters when the query has no words.
_UNASKED = 0.1

# Among this many of the best matches, those with the exact spelling come first.
_LOOKED_AT = 50
_AS_TYPED, _BUT_FOR_CASE = 1.3, 1.15

# At most this much is read for the snippets of a page; further ones are made from folded text.
_MAX_SHOWN_BYTES = 4_000_000


@dataclass(frozen=True)
class Match:
    """A session that was found. `message_id` is None when only its title matches.

    `snippet` is HTML: escaped text, with the matches in <mark>.
    """

    session: ChatSession
    message_id: int | None
    rank: float
    snippet: str


@dataclass(frozen=True)
class Page:
    """A page of matches.

    `count` is the number of sessions found; unless `is_count_exact`, there may be more.
    """

    matches: list[Match]
    count: int
    is_count_exact: bool


@dataclass
class _Found:
    """The best match in a session: a message at a place of a document, or its title alone."""

    session: ChatSession
    document: Document | None
    place: int
    rank: float

    @property
    def message_id(self) -> int | None:
        return None if self.document is None else self.document.heads[self.place][0]


class _Sought:
    """A query with the sessions that it has found so far."""

    def __init__(self, query: Asked, now: datetime, max_characters: int) -> None:
        self.query = query
        self.found: dict[int, _Found] = {}
        self.is_cut = False
        self._now = now
        self._max_characters = max_characters
        self._titles: dict[int, _Title] = {}
        self._since = -inf if query.since is None else query.since.timestamp()
        self._until = inf if query.until is None else query.until.timestamp()

    def compare(self, session: ChatSession, document: Document) -> None:
        """Compare the title and messages of a session with the query; keep the best match."""
        query = self.query
        title = self._titles.get(session.pk)
        if title is None:
            days = max(0.0, (self._now - session.updated_at).total_seconds() / 86_400)
            newness = 1 + 0.3 * 0.5 ** (days / 30)
            folded = fold(_shown_title(query, session))
            title = self._titles[session.pk] = _Title(query, folded, newness)
            is_in_time = self._since <= session.created_at.timestamp() < self._until
            if not query.roles and is_in_time and title.alone:
                self.found[session.pk] = _Found(session, None, 0, title.alone)
        if not query.needs_messages or title.is_excluded:
            return
        compared = document.cut(self._max_characters)
        self.is_cut = self.is_cut or compared is not document
        best = title.best(compared, self._places(compared))
        known = self.found.get(session.pk)
        if best is not None and (known is None or best[1] > known.rank):
            self.found[session.pk] = _Found(session, document, *best)

    def _places(self, document: Document) -> Sequence[int]:
        """The places of the messages with the requested roles and times."""
        places = range(len(document.heads))
        roles, since, until = self.query.roles, self._since, self._until
        if not roles and since == -inf and until == inf:
            return places
        heads = document.heads
        return [
            place
            for place in places
            if since <= heads[place][2] < until and (not roles or heads[place][1] in roles)
        ]


class _Title:
    """A title compared with a query, before its messages are compared."""

    def __init__(self, query: Asked, title: str, newness: float) -> None:
        self._excluded = query.excluded
        self._newness = newness
        self.is_excluded = any(unit.score(title) for unit in query.excluded)
        # Units that the title lacks come first: a message without them need not be compared.
        self._alternatives = [
            sorted(((unit, unit.score(title)) for unit in units), key=lambda one: one[1] > 0)
            for units in query.alternatives
        ]
        self.alone = 0.0 if self.is_excluded else newness * self._alone()

    def _alone(self) -> float:
        """How well the title matches without any message."""
        if not self._alternatives:
            return _UNASKED
        return max(
            2 * sum(in_title for _, in_title in units) / len(units)
            if all(in_title for _, in_title in units)
            else 0.0
            for units in self._alternatives
        )

    def best(self, document: Document, places: Sequence[int]) -> tuple[int, float] | None:
        """The message at `places` that matches best together with the title, and its rank."""
        text, bounds = document.text, document.bounds
        known: dict[Unit, dict[int, float]] = {}

        def scores(unit: Unit) -> dict[int, float]:
            its = known.get(unit)
            if its is None:
                its = known[unit] = unit.scores(text, bounds)
            return its

        best_place, best_score = -1, 0.0
        excluded: set[int] | None = None
        for units in self._alternatives or [[]]:
            matching = places
            for unit, in_title in units:
                if not in_title and matching:
                    its = scores(unit)
                    matching = [place for place in matching if place in its]
            if not matching:
                continue
            if excluded is None:
                excluded = {place for unit in self._excluded for place in scores(unit)}
            in_texts = [scores(unit) for unit, _ in units]
            # A title says what a chat is about: it counts twice.
            in_title = 2 * sum(in_title for _, in_title in units)
            for place in matching:
                in_text = sum([its.get(place, 0.0) for its in in_texts])
                most = (in_text + in_title) / len(units) if units else _UNASKED
                if most <= best_score or place in excluded:
                    continue
                start, end = bounds[place]
                shortness = 1 / (1 + 0.1 * log10(1 + (end - start) / 20))
                score = (in_text * shortness + in_title) / len(units) if units else _UNASKED
                if score > best_score:
                    best_place, best_score = place, score
        return (best_place, self._newness * best_score) if best_place >= 0 else None


def search_chats(
    owner: Principal,
    query: str,
    *,
    limit: int,
    offset: int = 0,
    is_by_time: bool = False,
    end_user_id: str | None = None,
) -> Page:
    """The active sessions of `owner` in which `query` is found, best first.

    See `chat.search.asked` for the syntax of queries. A session is found by its title and tags, by
    one of its messages, or by both together. `is_by_time` orders by the time of the last change;
    `end_user_id` restricts the search to the sessions of one end user. Six
    statements at most, each with bounded work (see `chat.search.candidates`).
    """
    read = asked.read(query)
    if read.is_empty:
        return Page([], 0, True)
    candidates = Candidates(read, owner.user_id, end_user_id)
    sought = _Sought(read, datetime.now(UTC), candidates.max_characters)
    for session, document in candidates:
        sought.compare(session, document)

    def order(found: _Found) -> tuple[Any, ...]:
        session = found.session
        return 0.0 if is_by_time else found.rank, session.updated_at, session.pk

    ordered = sorted(sought.found.values(), key=order, reverse=True)
    end = offset + limit
    if is_by_time or offset >= _LOOKED_AT:
        matches = _matches(owner, ordered[offset:end], read, query)
    else:
        best = _matches(owner, ordered[: max(end, _LOOKED_AT)], read, query)
        best[:_LOOKED_AT] = sorted(best[:_LOOKED_AT], key=lambda match: -match.rank)
        matches = best[offset:end]
    return Page(matches, len(ordered), candidates.is_exact and not sought.is_cut)


def _shown_title(query: Asked, session: ChatSession) -> str:
    return session.title if query.is_title_only else heading(session)


def _matches(owner: Principal, found: Sequence[_Found], read: Asked, query: str) -> list[Match]:
    """Return the matches to show, with snippets of the messages as they are now."""
    units = read.units
    ids = [one.message_id for one in found if one.message_id is not None]
    existing, messages = shown_messages(owner.user_id, ids, _MAX_SHOWN_BYTES)
    typed = unicodedata.normalize("NFC", query)
    matches = []
    for one in found:
        message_id = one.message_id
        if one.document is None or message_id is None:
            title = _shown_title(read, one.session)
            shown = snippet(title, fold(title), units)
        else:
            if message_id not in existing:
                continue  # it was deleted a moment ago
            text = one.document.text_of(one.place)
            message = messages.get(message_id)
            raw = text if message is None else searched_text(message)
            shown = snippet(raw, text, units)
        matches.append(Match(one.session, message_id, one.rank * _worth(shown, typed), shown.html))
    return matches


def _worth(shown: Snippet, typed: str) -> float:
    """Return the factor of a match: highest for the exact spelling of the query."""
    marked = [unicodedata.normalize("NFC", one) for one in shown.marked]
    if all(one in typed for one in marked):
        return _AS_TYPED
    lower = typed.lower()
    return _BUT_FOR_CASE if all(one.lower() in lower for one in marked) else 1.0
