"""A chat as Markdown for people, in which no message can forge a turn or swallow the next."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt

from chat.messages.content import text_of
from chat.models import ChatMessage
from gatewayz.api.bodies import encode

# A longer text is always contained, because finding out whether it must be takes too long.
MAX_PARSED_CHARS = 100_000

_END = "\n\n## end"
_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>&#~|!"})
# The types of parts that are calls of tools, each with the name of its arguments.
_CALLS = {"tool_use": "input", "server_tool_use": "input", "function_call": "arguments"}


def title_of(title: str) -> str:
    """Return a title as a heading of one line."""
    return f"# {' '.join(title.split()).translate(_ESCAPED)}\n"


def turn_of(message: ChatMessage) -> str:
    """Return a message as `body_of` does, under a heading."""
    return "\n\n".join([f"\n## {message.role.title()}", *_blocks(message)]) + "\n"


def body_of(message: ChatMessage) -> str:
    """Return a message with everything that a reader needs to see, including calls of tools."""
    return "\n\n".join(_blocks(message))


def row_of(line: dict[str, Any]) -> str:
    """Return a row other than a message, as JSON."""
    return f"\n{_fenced(encode(line).decode(), 'json')}\n"


def _blocks(message: ChatMessage) -> Iterator[str]:
    blocks = [
        *_reasoning(message.reasoning),
        *_content(message.given_content),
        *_calls(message.other_fields.get("tool_calls")),
    ]
    others = message.other_fields
    if message.given_content is None and isinstance(others.get("parts"), list):
        blocks += _content(others["parts"])
    if isinstance(refusal := others.get("refusal"), str):
        blocks.append(contained(refusal))
    return filter(None, blocks)


def contained(text: str) -> str:
    """Return a text of a message so that nothing in it affects what follows.

    Most texts are returned unchanged. One with headings or an open fence becomes a quotation, one
    with HTML or link definitions becomes a block of code.
    """
    if len(text) > MAX_PARSED_CHARS:
        return _fenced(text)
    env: dict[str, Any] = {}
    tokens = _parser().parse(text + _END, env)
    inline = (child for token in tokens for child in token.children or ())
    if env.get("references") or any(
        token.type in ("html_block", "html_inline") for token in (*tokens, *inline)
    ):
        return _fenced(text)
    headings = [token for token in tokens if token.type == "heading_open"]
    is_closed = len(headings) == 1 and headings[0].level == 0
    return text if is_closed else _quoted(text)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _fenced(text: str, language: str = "") -> str:
    runs = (sum(1 for _ in run) for character, run in groupby(text) if character == "`")
    longest = max(runs, default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _reasoning(reasoning: str | None) -> Iterator[str]:
    if reasoning:
        yield "**Reasoning**"
        yield _quoted(contained(reasoning))


def _content(content: Any) -> Iterator[str]:
    if not isinstance(content, list):
        yield contained(text_of(content))
        return
    for part in content:
        yield from _part(part)


def _part(part: dict[str, Any]) -> Iterator[str]:
    kind = part.get("type")
    text = text_of([part])
    if kind in _CALLS:
        yield from _call(part.get("name"), part.get(_CALLS[kind]))
    elif kind == "tool_result":
        yield from _content(part.get("content"))
    elif text:
        yield contained(text)
        about = part["text"] if isinstance(part.get("text"), dict) else part
        if sources := about.get("annotations") or about.get("citations"):
            yield _fenced(encode(sources).decode(), "json")
    elif kind in ("thinking", "think"):
        return  # it is part of the reasoning, or must not be shown
    else:
        yield _fenced(encode(part).decode(), "json")


def _calls(calls: Any) -> Iterator[str]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function", call) if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield from _call(function.get("name"), function.get("arguments"))


def _call(name: Any, arguments: Any) -> Iterator[str]:
    yield f"**Calls** {' '.join(str(name).split()).translate(_ESCAPED)}"
    text = arguments if isinstance(arguments, str) else encode(arguments).decode()
    yield _fenced(text)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark")
