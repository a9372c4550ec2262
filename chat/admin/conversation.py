"""A page of a conversation, as people read it."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from chat.messages.markdown import render_markdown
from chat.messages.read import page_of_messages
from chat.models import ChatMessage, ChatSession

PAGE_MESSAGES = 50

# Of one page: laying out takes a second for a million characters. The rest is shown as it is.
LAID_OUT_CHARACTERS = 100_000
# Of one message: more is of no use to a renderer, and a burden to the browser.
SHOWN_CHARACTERS = 50_000


@dataclass(frozen=True)
class Part:
    """A part of a message: `html` where it is Markdown, `url` of what it links to, or `text`.

    `title` says what the text is when it is folded; `omitted` counts the characters left out.
    """

    html: SafeString | None = None
    text: str = ""
    title: str = ""
    url: str = ""
    omitted: int = 0


@dataclass(frozen=True)
class ShownMessage:
    message: ChatMessage
    parts: list[Part]
    folded: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Conversation:
    """`older` and `newer` are the ids that the pages before and after this one turn at."""

    messages: list[ShownMessage]
    older: int | None
    newer: int | None


def conversation(
    session: ChatSession, *, before: int | None = None, after: int | None = None
) -> Conversation:
    """The newest page of `session`, or the one before or after the message with an id.

    One statement.
    """
    messages, has_more = page_of_messages(
        session, message_limit=PAGE_MESSAGES, before=before, after=after
    )
    renderer = _Renderer()
    shown = [renderer.show(message) for message in messages]
    has_older = has_more if after is None else True
    has_newer = has_more if after is not None else before is not None
    return Conversation(
        shown,
        older=messages[0].pk if messages and has_older else None,
        newer=messages[-1].pk if messages and has_newer else None,
    )


class _Renderer:
    """Lays out the messages of one page, as far as LAID_OUT_CHARACTERS reach."""

    def __init__(self) -> None:
        self._left = LAID_OUT_CHARACTERS

    def show(self, message: ChatMessage) -> ShownMessage:
        folded = []
        if message.reasoning:
            folded.append(_plain(message.reasoning, title="Reasoning"))
        if message.metadata:
            folded.append(_plain(_pretty(message.metadata), title="Metadata"))
        content = message.given_content
        if message.role == ChatMessage.Role.TOOL:
            # What programs say to each other.
            text = content if isinstance(content, str) else _pretty(content)
            return ShownMessage(message, [], [_plain(_pretty_text(text), "Tool result"), *folded])
        if isinstance(content, str):
            return ShownMessage(message, [self._markdown(content)], folded)
        return ShownMessage(message, [self._part(part) for part in content], folded)

    def _part(self, part: Any) -> Part:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in {"text", "input_text", "output_text"} and isinstance(part.get("text"), str):
            return self._markdown(part["text"])
        if kind in {"image_url", "input_image"}:
            given = part.get("image_url")
            url = given.get("url") if isinstance(given, dict) else given
            if isinstance(url, str) and url.startswith(("https://", "http://")):
                return Part(url=url, title="Image")
            if isinstance(url, str) and url.startswith("data:"):
                return Part(text=f"{len(url) * 3 // 4 // 1024 + 1:,} kB", title="Image")
        return _plain(_pretty(part), title=str(kind or "Part"))

    def _markdown(self, text: str) -> Part:
        if len(text) > min(self._left, SHOWN_CHARACTERS):
            return _plain(text)
        self._left -= len(text)
        return Part(html=render_markdown(text))


def _plain(text: str, title: str = "") -> Part:
    omitted = max(0, len(text) - SHOWN_CHARACTERS)
    return Part(text=text[:SHOWN_CHARACTERS], title=title, omitted=omitted)


def _pretty_text(text: str) -> str:
    """JSON laid out, and other text as it is."""
    if len(text) > SHOWN_CHARACTERS:
        return text
    try:
        return _pretty(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
