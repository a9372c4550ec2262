"""The blocks of code in the pages, and the marks that say how tests treat them.

A block of commands is run by tests/docs, unless a mark says why not:

    ```sh no-test="needs docker"

`keeps-running="…"` is for one that ends only with Ctrl-C, and is what it prints when it is ready;
`needs="…"` names a program without which it is not run; `installs="…"` names a package that it
fetches, so that only the long tests run it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FENCE = re.compile(
    r"^```(?P<language>\w+)(?P<marks>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r'([\w-]+)="([^"]*)"')
MARKS = frozenset({"no-test", "keeps-running", "needs", "installs"})


@dataclass(frozen=True)
class Block:
    """`line` is that of its first line of text."""

    language: str
    text: str
    line: int
    marks: dict[str, str] = field(default_factory=dict)


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page.

    Raises ValueError for a mark that there is not.
    """
    for match in _FENCE.finditer(page):
        marks = dict(_MARK.findall(match["marks"]))
        line = page.count("\n", 0, match.start("text")) + 1
        if not marks.keys() <= MARKS or _MARK.sub("", match["marks"]).strip():
            raise ValueError(f"line {line}: what is {match['marks'].strip()!r}?")
        yield Block(match["language"], match["text"], line, marks)


def without_marks(page: str) -> str:
    """The page as people read it."""
    return _FENCE.sub(lambda match: f"```{match['language']}\n{match['text']}```", page)
