"""Rendering a page of a conversation for people: in the admin, and behind a shared link."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from chat.messages.markdown import render_markdown
from chat.messages.read import page_of_messages, within_bytes
from chat.models import ChatMessage, ChatSession

PAGE_MESSAGES = 50

# Per page, because rendering Markdown takes a second per million characters. The rest is shown as
# plain text.
MARKDOWN_CHARACTERS = 100_000
# Per message: more would not help a reader and would slow the browser down.
SHOWN_CHARACTERS = 50_000

# Pictures that are part of a message. Formats that may hold scripts or load more are not shown.
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Part:
    """A part of a message: Markdown as `html`, a `url`, a `picture` (data URL), or plain `text`.

    `title` labels text that is folded; `omitted` counts the characters left out.
    """

    html: SafeString | None = None
    text: str = ""
    title: str = ""
    url: str = ""
    picture: str = ""
    omitted: int = 0


@dataclass(frozen=True)
class ShownMessage:
    """A message with its visible parts and those that are folded."""

    message: ChatMessage
    parts: list[Part]
    folded: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Conversation:
    """A page of messages; `older` and `newer` are the ids at which the next pages begin."""

    messages: list[ShownMessage]
    older: int | None
    newer: int | None


def conversation(
    session: ChatSession, *, before: int | None = None, after: int | None = None
) -> Conversation:
    """Return the newest page of `session`, or the one before or after a message id.

    It includes the messages of all branches. One statement.
    """
    messages, has_more = page_of_messages(
        session, message_limit=PAGE_MESSAGES, before=before, after=after, branches="all"
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


def conversation_from_start(
    session: ChatSession, *, after: int | None = None, without_roles: Sequence[str] = ()
) -> Conversation:
    """Return the first page of `session`, or the one after a message id, for the public.

    Leaves out metadata and messages of `without_roles`. One statement.
    """
    listed = ChatMessage.objects.of(session).current().in_order()
    listed = listed.exclude(role__in=without_roles)
    listed = listed if after is None else listed.after(after)
    found = list(within_bytes(listed, PAGE_MESSAGES + 1))
    page = found[:PAGE_MESSAGES]
    has_newer = bool(found) and found[0].available > len(page)
    renderer = _Renderer(with_metadata=False)
    return Conversation(
        [renderer.show(message) for message in page],
        older=after,
        newer=page[-1].pk if has_newer else None,
    )


class _Renderer:
    """Renders the messages of one page, the first MARKDOWN_CHARACTERS of them as Markdown."""

    def __init__(self, *, with_metadata: bool = True) -> None:
        self._left = MARKDOWN_CHARACTERS
        self._with_metadata = with_metadata

    def show(self, message: ChatMessage) -> ShownMessage:
        folded = []
        if message.reasoning:
            folded.append(_plain(message.reasoning, title="Reasoning"))
        if self._with_metadata and message.given_metadata:
            folded.append(_plain(_pretty(message.given_metadata), title="Metadata"))
        folded += [
            _plain(_pretty(value), title=name.replace("_", " ").capitalize())
            for name, value in message.other_fields.items()
        ]
        content = message.given_content
        if message.role == ChatMessage.Role.TOOL:
            # Tool results are for programs, so they are folded.
            text = content if isinstance(content, str) else _pretty(content)
            return ShownMessage(message, [], [_plain(_pretty_text(text), "Tool result"), *folded])
        if isinstance(content, str):
            return ShownMessage(message, [self._markdown(content)], folded)
        return ShownMessage(message, [self._part(part) for part in content or []], folded)

    def _part(self, part: Any) -> Part:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in {"text", "input_text", "output_text"} and isinstance(part.get("text"), str):
            return self._markdown(part["text"])
        if kind in {"image_url", "input_image"}:
            given = part.get("image_url")
            url = given.get("url") if isinstance(given, dict) else given
            if isinstance(url, str) and url.startswith(("https://", "http://")):
                return Part(url=url, title="Image")
            if isinstance(url, str) and PICTURE.fullmatch(url):
                return Part(picture=url)
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
    """Return JSON indented, and other text unchanged."""
    if len(text) > SHOWN_CHARACTERS:
        return text
    try:
        return _pretty(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
