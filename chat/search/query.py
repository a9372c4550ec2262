"""Searches a user's chats, ranks the matches and makes their snippets."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log10
from typing import Any

from accounts.principals.principal import Principal
from chat.models import ChatSession
from chat.search import asked
from chat.search.asked import Asked
from chat.search.candidates import Candidates, shown_messages
from chat.search.index import Prepared
from chat.search.message_text import heading, searched_text
from chat.search.snippets import Snippet, snippet
from chat.search.text import fold

MAX_QUERY = 500

# Among this many of the best matches, those with the exact spelling come first.
_LOOKED_AT = 50
_AS_TYPED, _BUT_FOR_CASE = 1.3, 1.15

# At most this much is read for the snippets of a page; the others are made of folded text.
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
    session: ChatSession
    message: Prepared | None
    rank: float


class _Sought:
    """A query with the sessions that it has found so far."""

    def __init__(self, query: Asked, now: datetime, max_characters: int) -> None:
        self.query = query
        self.found: dict[int, _Found] = {}
        self.is_cut = False
        self._now = now
        self._max_characters = max_characters
        self._titles: dict[int, _Title] = {}

    def compare(self, session: ChatSession, messages: Iterable[Prepared]) -> None:
        """Compare the title and messages of a session with the query; keep the best match."""
        query = self.query
        title = self._titles.get(session.pk)
        if title is None:
            title = self._titles[session.pk] = _Title(query, fold(_shown_title(query, session)))
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
        text = "" if message is None else message.text
        self.is_cut = self.is_cut or len(text) > self._max_characters
        score = title.score(text[: self._max_characters])
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
        """Return how well the title and a message's folded text match together; 0: not at all."""
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
    owner: Principal,
    query: str,
    *,
    limit: int,
    offset: int = 0,
    is_by_time: bool = False,
    end_user_id: str | None = None,
) -> Page:
    """The active sessions of `owner` in which `query` is found, best first.

    See `chat.search.asked` for what a query may ask. A session is found by its title and tags, by
    one of its messages, or by these together. `is_by_time` orders by the time of the last change;
    `end_user_id` narrows down to sessions of one person among those of an account. Seven
    statements at most, each with bounded work (see `chat.search.candidates`).
    """
    read = asked.read(query)
    if read.is_empty:
        return Page([], 0, True)
    candidates = Candidates(read, owner.user_id, end_user_id)
    sought = _Sought(read, datetime.now(UTC), candidates.max_characters)
    for session, messages in candidates:
        sought.compare(session, messages)

    def order(found: _Found) -> tuple[Any, ...]:
        session = found.session
        return 0.0 if is_by_time else found.rank, session.updated_at, session.pk

    ordered = sorted(sought.found.values(), key=order, reverse=True)
    end = offset + limit
    if is_by_time or offset >= _LOOKED_AT:
        matches = _matches(ordered[offset:end], read, query)
    else:
        best = _matches(ordered[: max(end, _LOOKED_AT)], read, query)
        best[:_LOOKED_AT] = sorted(best[:_LOOKED_AT], key=lambda match: -match.rank)
        matches = best[offset:end]
    return Page(matches, len(ordered), candidates.is_exact and not sought.is_cut)


def _shown_title(query: Asked, session: ChatSession) -> str:
    return session.title if query.is_title_only else heading(session)


def _matches(found: Sequence[_Found], read: Asked, query: str) -> list[Match]:
    """Return the matches to show, with snippets of the messages as they are now."""
    units = read.units
    ids = [one.message.message_id for one in found if one.message is not None]
    existing, messages = shown_messages(ids, _MAX_SHOWN_BYTES)
    typed = unicodedata.normalize("NFC", query)
    matches = []
    for one in found:
        if one.message is None:
            title = _shown_title(read, one.session)
            shown, message_id = snippet(title, fold(title), units), None
        else:
            message_id = one.message.message_id
            if message_id not in existing:
                continue  # it was deleted a moment ago
            text = one.message.text
            message = messages.get(message_id)
            raw = text if message is None else searched_text(message)
            shown = snippet(raw, text, units)
        matches.append(Match(one.session, message_id, one.rank * _worth(shown, typed), shown.html))
    return matches


def _worth(shown: Snippet, typed: str) -> float:
    """Return the factor of a match, which is highest for the exact spelling of the query."""
    marked = [unicodedata.normalize("NFC", one) for one in shown.marked]
    if all(one in typed for one in marked):
        return _AS_TYPED
    lower = typed.lower()
    return _BUT_FOR_CASE if all(one.lower() in lower for one in marked) else 1.0
