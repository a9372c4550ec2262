"""Parses a search query and compares texts with it.

Words must all occur; `or` separates alternatives; `"…"` is a phrase; `-word` must not
occur. `role:`, `model:`, `tag:`, `folder:`, `before:`, `after:` and `in:title` narrow a search.
Anything else is text to find: every string is a valid query.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any

import regex

from chat.search.text import (
    SEPARATOR,
    WORD_CHARACTER,
    Atom,
    atoms,
    fold,
    pairs,
)

# Only the beginning of a longer, pasted text is searched for.
MAX_UNITS = 40
MAX_ALTERNATIVES = 12

# The shortest word that is found inside other words.
INFIX_LENGTH = 3

# How many characters may separate the words of a phrase.
_GAP, _GAP_OF_WORDS = "{0,16}", "{1,16}"

# Longer words are found without checking their boundaries, which would take long.
_BOUNDED_LENGTH = 64

# A pattern begins with this much of its first word.
_LITERAL_LENGTH = 4

_Pattern = Any  # of `re` or of `regex`

# More occurrences than this do not improve a match.
_COUNTED = 8

# The value of a match: of whole words, of the beginning of one, or inside one.
WHOLE, BEGINNING, INSIDE = 1.0, 0.7, 0.45

# A quoted text, or a run of characters between blanks, perhaps after an operator or a hyphen.
_TOKEN = re.compile(r'(-?)(?:(role|model|tag|folder|before|after|in):)?(?:"([^"]*)"|(\S+))')
# Tags and folders are compared as they are, and so before folding.
_PLACED = re.compile(r'(?<!\S)(tag|folder):(?:"([^"]+)"|(\S+))', re.IGNORECASE)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


@dataclass(frozen=True)
class Unit:
    """A word, or several that follow each other, in folded text.

    `is_exact` asks for whole words, `is_last` for a word that is still being typed.
    """

    atoms: tuple[Atom, ...]
    is_exact: bool
    is_last: bool
    # Characters that distinguish `.env`, `#tag` and `C++` from `env`, `tag` and `C`.
    before: str = ""
    after: str = ""

    @cached_property
    def _needles(self) -> list[str]:
        return [atom.text for atom in self.atoms]

    @cached_property
    def _patterns(self) -> list[tuple[_Pattern, float]]:
        return [
            (regex.compile(pattern, regex.V1), worth)
            for pattern, worth in self._written(WORD_CHARACTER, SEPARATOR, regex.escape)
        ]

    @cached_property
    def _ascii_patterns(self) -> list[tuple[_Pattern, float]]:
        """The same for ASCII text, several times as fast."""
        return [
            (re.compile(pattern), worth)
            for pattern, worth in self._written("[a-z0-9]", "[^a-z0-9]", re.escape)
        ]

    def _written(
        self, word_character: str, separator: str, escape: Callable[[str], str]
    ) -> list[tuple[str, float]]:
        """Patterns for whole words, beginnings and insides, as far as they differ.

        Each begins with literal text, which is found fast; what must not precede it is checked
        afterwards.
        """
        first, last = self.atoms[0], self.atoms[-1]
        start = escape(self.before) + escape(first.text[:_LITERAL_LENGTH])
        rest = escape(first.text[_LITERAL_LENGTH:])
        for at, atom in enumerate(self.atoms[1:], 1):
            rest += separator + (_GAP if self._may_join(at) else _GAP_OF_WORDS)
            rest += escape(atom.text)
        rest += escape(self.after)
        has_start = first.kind == "word" and not self.before
        has_end = last.kind == "word" and not self.after
        is_bounded = has_start and len(first.text) <= _BOUNDED_LENGTH
        before = f"(?<!{word_character}{start})" if is_bounded else ""
        is_bounded = has_end and len(last.text) <= _BOUNDED_LENGTH
        after = f"(?!{word_character})" if is_bounded else ""
        loose_before = "" if self.may_begin_inside else before
        loose_after = "" if self.may_end_inside else after
        worths = {start + before + rest + after: WHOLE}
        worths.setdefault(start + before + rest + loose_after, BEGINNING)
        worths.setdefault(start + loose_before + rest + loose_after, INSIDE)
        return list(worths.items())

    def _may_join(self, at: int) -> bool:
        """Whether the atom at `at` needs no gap before it: `foo-bar` also matches `fooBar`."""
        before, after = self.atoms[at - 1], self.atoms[at]
        if before.kind != "word" or after.kind != "word":
            return True
        is_long = min(len(before.text), len(after.text)) >= INFIX_LENGTH
        return is_long and not self.is_exact

    def _may_join_word(self, at: int) -> bool:
        """Whether the atom at `at` and the one before it may be in the same word."""
        return self.atoms[at - 1].kind == self.atoms[at].kind == "word" and self._may_join(at)

    def _patterns_for(self, text: str) -> list[tuple[_Pattern, float]]:
        """The patterns that may match somewhere in folded text, the best first."""
        for needle in self._needles:
            if needle not in text:
                return []
        return self._ascii_patterns if text.isascii() else self._patterns

    @property
    def may_begin_inside(self) -> bool:
        return not self.is_exact and not self.before and len(self.atoms[0].text) >= INFIX_LENGTH

    @property
    def may_end_inside(self) -> bool:
        long = len(self.atoms[-1].text) >= INFIX_LENGTH
        return not self.is_exact and not self.after and (long or self.is_last)

    def score(self, text: str) -> float:
        """Return how well folded text matches, from 0 (not at all) to about 2."""
        return self.scores(text, [(0, len(text))]).get(0, 0.0)

    def scores(self, text: str, bounds: Sequence[tuple[int, int]]) -> dict[int, float]:
        """Return how well each text that matches does so, by its place.

        `bounds` says where in `text` each of them starts and ends.
        """
        scores: dict[int, float] = {}
        patterns = self._patterns_for(text)
        if not patterns:
            return scores
        needle = max(self._needles, key=len)
        others = [place for place, its in enumerate(bounds) if text.find(needle, *its) >= 0]
        for pattern, worth in patterns:
            unmatched = []
            for place in others:
                found = pattern.findall(text, *bounds[place])
                if found:
                    scores[place] = worth * (1 + (min(len(found), _COUNTED) - 1) / _COUNTED)
                else:
                    unmatched.append(place)
            others = unmatched
        return scores

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the first places where folded text matches, as (start, end)."""
        for pattern, _ in self._patterns_for(text):
            found = [match.span() for match in islice(pattern.finditer(text), _COUNTED)]
            if found:
                return found
        return []

    def lookups(self) -> Iterator[tuple[str, bool, bool]]:
        """Yield the terms by which every matching document is indexed.

        Each is a term, whether its word may start earlier, and whether its word may end later.
        """
        last = len(self.atoms) - 1
        for at, (text, kind) in enumerate(self.atoms):
            if kind == "word":
                begins = self._may_join_word(at) if at else self.may_begin_inside
                ends = self._may_join_word(at + 1) if at < last else self.may_end_inside
                yield text, begins, ends
            elif kind == "symbol":
                yield text, False, False
            else:
                for pair in pairs(text):
                    yield pair, False, False


@dataclass(frozen=True)
class Asked:
    """A parsed query. In each alternative, all units must match."""

    alternatives: tuple[tuple[Unit, ...], ...]
    excluded: tuple[Unit, ...]
    roles: frozenset[str]
    models: tuple[str, ...]
    tags: tuple[str, ...]
    folders: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    is_title_only: bool

    @property
    def is_empty(self) -> bool:
        """Whether the query is empty, so that nothing is found."""
        places = self.models or self.tags or self.folders
        narrows = self.excluded or self.roles or places or self.since or self.until
        return not self.alternatives and not narrows

    @property
    def needs_messages(self) -> bool:
        """Whether the result depends on messages, and not on sessions alone.

        Excluded words alone are checked in titles only; times and roles are those of messages.
        """
        narrows = self.alternatives or self.roles or self.since or self.until
        return bool(narrows) and not self.is_title_only

    @property
    def atom_count(self) -> int:
        """The number of atoms that each text is compared with."""
        return sum(len(unit.atoms) for unit in (*self.units, *self.excluded))

    @property
    def units(self) -> list[Unit]:
        """All units of the query, each once."""
        return list(dict.fromkeys(unit for units in self.alternatives for unit in units))


@dataclass
class _Narrowing:
    """The filters that a query sets with its operators."""

    roles: set[str] = field(default_factory=set)
    models: list[str] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None
    is_title_only: bool = False

    def takes(self, operator: str, value: str) -> bool:
        """Add `operator:value`. Returns whether it is a valid filter."""
        day = _day(value) if operator in ("before", "after") else None
        if operator == "role":
            self.roles.add(value)
        elif operator == "model" and value:
            self.models.append(value)
        elif operator == "after" and day:
            self.since = day
        elif operator == "before" and day:
            self.until = day
        elif operator == "in" and value == "title":
            self.is_title_only = True
        else:
            return operator in ("tag", "folder") and bool(value)
        return True


def read(query: str) -> Asked:
    """Parse any string, in time proportional to its length."""
    alternatives: list[list[Unit]] = [[]]
    excluded: list[Unit] = []
    narrowing = _Narrowing()
    tokens = list(_TOKEN.finditer(fold(query)))
    for token in tokens:
        hyphen, operator, phrase, plain = token.groups()
        value = plain if phrase is None else phrase
        if operator and not hyphen and narrowing.takes(operator, value):
            continue
        if plain == "or" and not hyphen and not operator:
            alternatives.append([])
            continue
        text = f"{operator}:{value}" if operator else value
        # `--`, `-(` and the like are rules of Markdown, options or code; they exclude nothing.
        excludes = bool(hyphen) and (phrase is not None or _begins_with_atom(text))
        is_last = token is tokens[-1] and phrase is None
        unit = _unit(text, is_exact=excludes or phrase is not None, is_last=is_last)
        if unit is not None:
            (excluded if excludes else alternatives[-1]).append(unit)
    # Tags and folders have no blanks around them.
    placed = [(one[1].lower(), (one[2] or one[3]).strip()) for one in _PLACED.finditer(query)]
    found = [tuple(dict.fromkeys(units))[:MAX_UNITS] for units in alternatives if units]
    return Asked(
        alternatives=tuple(dict.fromkeys(found))[:MAX_ALTERNATIVES],
        excluded=tuple(dict.fromkeys(excluded))[:MAX_UNITS],
        roles=frozenset(narrowing.roles),
        models=tuple(narrowing.models),
        tags=tuple(name for operator, name in placed if operator == "tag"),
        folders=tuple(name for operator, name in placed if operator == "folder"),
        since=narrowing.since,
        until=narrowing.until,
        is_title_only=narrowing.is_title_only,
    )


def _begins_with_atom(text: str) -> bool:
    first = next(atoms(text), None)
    return first is not None and text.startswith(first.text)


def _unit(text: str, *, is_exact: bool, is_last: bool) -> Unit | None:
    """Return the unit of a token, or None if nothing in it can be searched for."""
    pieces = tuple(atoms(text))
    if not pieces:
        return None
    first, last = pieces[0], pieces[-1]
    before = text[: text.index(first.text)]
    after = text[text.rindex(last.text) + len(last.text) :]
    is_marked = before in {".", "#", "@"} and first.kind == "word"
    is_symbolic = after in {"+", "#", "++"} and last.kind == "word" and len(last.text) < 3
    return Unit(
        atoms=pieces[:MAX_UNITS],
        is_exact=is_exact,
        is_last=is_last,
        before=before if is_marked else "",
        after=after if is_symbolic and len(pieces) <= MAX_UNITS else "",
    )


def _day(text: str) -> datetime | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part or 1) for part in match.groups())
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
