"""Text as search sees it: the same for what is stored and for what is asked, on any database.

`fold` removes what people do not type: case, diacritics, widths, and characters that cannot be
seen. `atoms` cuts folded text into the smallest pieces that can be looked up. An atom of letters
and digits never crosses a word boundary of UAX #29, and is often smaller, so that `example` finds
`docs.example.org`. Scripts written without spaces, and Korean, whose words
end in particles, are looked up by pairs of characters.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, cast

import regex

# Raise it with every change to what `fold` or `atoms` return. Documents of an older version are
# found by their old words until `manage.py index_chats` has prepared them again.
VERSION = 1

Kind = Literal["word", "run", "symbol"]


class Atom(NamedTuple):
    """A piece of text to look up: a word, a run without spaces, or one emoji or symbol."""

    text: str
    kind: Kind


# Scripts whose words are looked up by pairs of characters.
_RUN_SCRIPTS = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\p{Yi}"
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    r"\u30fc\uff70"  # the mark of a long vowel belongs to both kana
)
_IN_WORDS = r"[\p{L}\p{M}\p{N}]"
# Stretches of text in which word boundaries are determined.
WORD_CHARACTER = rf"[{_IN_WORDS}--[{_RUN_SCRIPTS}]]"
RUN_CHARACTER = rf"[{_IN_WORDS}&&[{_RUN_SCRIPTS}]]"
# Also characters that this version of Python does not know yet: future emoji.
SYMBOL = r"[[\p{S}\p{Cn}\p{Co}]--[\p{Sk}\x00-\x7f]]"
SEPARATOR = rf"[^\p{{L}}\p{{M}}\p{{N}}{SYMBOL}]"

_ATOM = regex.compile(
    rf"(?P<word>{WORD_CHARACTER}+)|(?P<run>{RUN_CHARACTER}+)|(?P<symbol>{SYMBOL})", regex.V1
)
# Most stretches are words of ASCII, which need no table of Unicode.
_STRETCH = re.compile(r"(?:[a-z0-9]|[^\x00-\x7f])+")

# Shorter stretches recur, so their result is cached.
_SHORT = 32

_NOT_ASCII = regex.compile(r"[^\x00-\x7f]+")
# More marks on one character than Unicode's stream-safe format allows. Sorting them takes time
# proportional to the square of their number.
_MANY_MARKS = regex.compile(r"(\p{M}{30})\p{M}+")
# A zero-width joiner combines emoji into one; elsewhere it only shapes letters.
_SHAPING_JOINER = regex.compile(rf"(?<!{SYMBOL})\u200d", regex.V1)


def _ranges(*bounds: tuple[int, int]) -> Iterator[int]:
    for first, last in bounds:
        yield from range(first, last + 1)


# Marks of Latin, Greek, Cyrillic, Hebrew, Arabic and Syriac. Those of other scripts are vowels
# or make another letter, and stay.
_DIACRITICS = _ranges(
    (0x300, 0x36F),
    (0x483, 0x487),
    (0x591, 0x5BD),
    (0x5BF, 0x5BF),
    (0x5C1, 0x5C2),
    (0x5C4, 0x5C5),
    (0x5C7, 0x5C7),
    (0x610, 0x61A),
    (0x64B, 0x65F),
    (0x670, 0x670),
    (0x6D6, 0x6DC),
    (0x6DF, 0x6E4),
    (0x6E7, 0x6E8),
    (0x6EA, 0x6ED),
    (0x711, 0x711),
    (0x730, 0x74A),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)
# Invisible characters, variation selectors, and the colours of skin.
_UNSEEN = _ranges(
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x640, 0x640),  # tatweel stretches an Arabic word
    (0x180B, 0x180F),
    (0x200B, 0x200C),  # also between words of Khmer and Thai, where not everybody types it
    (0x200E, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0x1F3FB, 0x1F3FF),
    (0xE0000, 0xE0FFF),
)
_DIGITS = {
    point: str(digit)
    for point in _ranges((0x660, 0x1FFFF))
    if (digit := unicodedata.decimal(chr(point), None)) is not None
}
# Everything that is changed character by character: letters that people type differently and that
# Unicode does not decompose, and punctuation that word processors substitute.
_CHANGED = _DIGITS | str.maketrans(
    {
        **dict.fromkeys(map(chr, _DIACRITICS), ""),
        **dict.fromkeys(map(chr, _UNSEEN), ""),
        **dict.fromkeys("\u2018\u2019\u201b\u02bc\u02bb\u02b9\u2032\u05f3\u055a", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u05f4", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043", "-"),
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ŧ": "t",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0649": "\u064a",
        "\u06cc": "\u064a",
        "\u06a9": "\u0643",
        "\u0629": "\u0647",
        "\u06c1": "\u0647",
    }
)


def fold(text: str) -> str:
    """Return `text` in the form in which it is compared.

    It is NFKC, without case, diacritics or invisible characters, with digits, quotation marks
    and hyphens as on a keyboard. The time taken is proportional to the length of the text. Folding
    twice changes nothing; texts that are joined by white space may be folded one by one.
    """
    if text.isascii():
        return text.lower()
    return _NOT_ASCII.sub(_folded_match, text).lower()


def atoms(folded: str) -> Iterator[Atom]:
    """Yield what can be looked up in folded text, in order."""
    for match in _STRETCH.finditer(folded):
        stretch = match[0]
        if stretch.isascii():
            yield Atom(stretch, "word")
        elif len(stretch) <= _SHORT:
            yield from _atoms_of_short(stretch)
        else:
            yield from _atoms(stretch)


def pairs(run: str) -> list[str]:
    """Return the look-up terms of a run without spaces: its pairs, or its only character."""
    if len(run) == 1:
        return [run]
    return [run[at : at + 2] for at in range(len(run) - 1)]


def terms(folded: str) -> tuple[set[str], set[str]]:
    """Return the words of folded text, and the other terms by which it can be looked up.

    These are symbols, and the characters of runs, alone and in pairs.
    """
    words: set[str] = set()
    others: set[str] = set()
    for stretch in set(_STRETCH.findall(folded)):
        if stretch.isascii():
            words.add(stretch)
            continue
        for text, kind in _atoms_of_short(stretch) if len(stretch) <= _SHORT else _atoms(stretch):
            if kind == "word":
                words.add(text)
            elif kind == "symbol":
                others.add(text)
            else:
                others.update(text)
                others.update(pairs(text))
    return words, others


def _atoms(stretch: str) -> tuple[Atom, ...]:
    return tuple(Atom(match[0], cast(Kind, match.lastgroup)) for match in _ATOM.finditer(stretch))


_atoms_of_short = lru_cache(maxsize=8_192)(_atoms)


def _folded_match(match: "regex.Match[str]") -> str:
    run = match[0]
    return _folded_short(run) if len(run) <= _SHORT else _folded(run)


def _folded(run: str) -> str:
    if len(run) > _SHORT:
        run = _MANY_MARKS.sub(r"\1", run)
    run = unicodedata.normalize("NFKC", run).casefold()
    run = unicodedata.normalize("NFKD", run).translate(_CHANGED)
    if "\u200d" in run:
        run = _SHAPING_JOINER.sub("", run)
    return unicodedata.normalize("NFKC", run)


_folded_short = lru_cache(maxsize=8_192)(_folded)
