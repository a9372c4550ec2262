"""Snippets: the part of a text where something was found, as HTML with the matches marked."""

import html
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

from chat.search.asked import Unit
from chat.search.text import WORD_CHARACTER, fold

# How much of the text is shown before and after the first place, and around the second.
_BEFORE, _AFTER = 60, 220

_LINE = regex.compile(r"[^\n]*\n|[^\n]+")
# A line is seldom longer than a piece; a piece ends behind white space where there is some.
_PIECE = regex.compile(r"\S{0,80}\s+|\S{1,80}")
_WORD = regex.compile(rf"{WORD_CHARACTER}+", regex.V1)
_CHARACTER = regex.compile(r"\X")

# These would look like the end of the text, or hide the rest of it.
_UNSHOWN = regex.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Snippet(NamedTuple):
    """The HTML, and the matches as they are written in the text."""

    html: str
    marked: list[str]


def snippet(text: str, folded: str, units: Sequence[Unit]) -> Snippet:
    """Return the text around the first match of one of `units`.

    `folded` is the folded text. All matches are in <mark>; everything else is escaped, without
    tags. The time taken is proportional to the length of the text. Without a match, returns the
    beginning of the text.
    """
    starts = [spans[0][0] for unit in units if (spans := unit.spans(folded))]
    at = _position(text, min(starts)) if starts else 0
    begin, end = max(0, at - _BEFORE), min(len(text), at + _AFTER)
    if begin:
        # At the beginning of a word; if none is nearby, within a word.
        blank = text.find(" ", begin, at)
        begin = blank + 1 if blank >= 0 else begin
    if end < len(text):
        blank = text.rfind(" ", at + _AFTER // 2, end)
        end = blank if blank >= 0 else end
    pieces = list(_marked(_UNSHOWN.sub("", text[begin:end]), units))
    shown = "".join(
        f"<mark>{html.escape(piece)}</mark>" if is_marked else html.escape(piece)
        for piece, is_marked in pieces
    )
    shown = f"{'… ' if begin else ''}{shown}{' …' if end < len(text) else ''}".strip()
    return Snippet(shown, [piece for piece, is_marked in pieces if is_marked])


def _position(text: str, folded_position: int) -> int:
    """The position in `text` of what is at `folded_position` in the folded text."""
    if text.isascii():
        return folded_position
    done, at, end = 0, 0, len(text)
    for pattern in (_LINE, _PIECE, _CHARACTER):
        for match in pattern.finditer(text, at, end):
            length = len(fold(match[0]))
            if done + length > folded_position:
                at, end = match.span()
                break
            done += length
    return at


def _marked(text: str, units: Sequence[Unit]) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text, each with whether one of `units` matches there."""
    # For each folded character, where the character that it comes from begins.
    origins: Sequence[int] = range(len(text) + 1)
    folded = fold(text)
    if not text.isascii():
        starts, pieces = [], []
        for match in _CHARACTER.finditer(text):
            pieces.append(fold(match[0]))
            starts += [match.start()] * len(pieces[-1])
        origins, folded = [*starts, len(text)], "".join(pieces)
    at = 0
    words = [match.span() for match in _WORD.finditer(folded)]
    found = [span for unit in units for span in unit.spans(folded)]
    # A part of a word marks all of it.
    parts = [
        (first, last)
        for first, last in words
        if any(start < last and first < end for start, end in found)
    ]
    for start, end in _merged(iter([*found, *parts])):
        first, last = origins[start], origins[end]
        yield text[at:first], False
        yield text[first:last], True
        at = last
    yield text[at:], False


def _merged(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans in order, overlapping ones joined."""
    start = end = -1
    for first, last in sorted(spans):
        if first <= end:
            end = max(end, last)
            continue
        if end > start:
            yield start, end
        start, end = first, last
    if end > start:
        yield start, end
