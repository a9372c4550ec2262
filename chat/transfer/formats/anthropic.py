"""Requests of Anthropic's Messages API: `system` beside `messages`, and blocks of content."""

from collections.abc import Mapping
from typing import Any

import msgspec

from chat.transfer.formats.conversations import Conversation

NAME = "anthropic"

_BLOCKS = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking", "document"})


class _Request(msgspec.Struct):
    messages: list[dict[str, Any]]
    system: str | list[dict[str, Any]] | None = None


def matches(document: Mapping[str, Any]) -> bool:
    """Whether this is a request of Anthropic's."""
    messages = document.get("messages")
    if not isinstance(messages, list):
        return False
    if isinstance(document.get("system"), str | list):
        return True
    return any(_has_blocks(message) for message in messages)


def _has_blocks(message: Any) -> bool:
    content = message.get("content") if isinstance(message, dict) else None
    return isinstance(content, list) and any(
        isinstance(part, dict)
        and (
            part.get("type") in _BLOCKS
            or (part.get("type") == "image" and isinstance(part.get("source"), dict))
        )
        for part in content
    )


def conversation(document: dict[str, Any]) -> Conversation:
    """Read one; instructions become its first message. Raises msgspec.ValidationError."""
    msgspec.convert(document, _Request)
    fields = dict(document)
    if system := fields.pop("system", None):
        fields["messages"] = [{"role": "system", "content": system}, *fields["messages"]]
    return Conversation(fields, {})
