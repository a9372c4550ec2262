"""The text of sessions and messages that search looks through."""

from collections.abc import Iterator
from typing import Any

from chat.models import ChatMessage, ChatSession

# Only this much of a longer message is searched.
MAX_CHARACTERS = 1_000_000

# Values that mean nothing to a person: addresses of files, file contents and type names.
_LEFT_OUT = frozenset(
    {
        *("type", "id", "index", "detail", "format", "mime_type", "media_type", "signature"),
        *("data", "url", "image_url", "file_data", "audio", "encrypted_content", "b64_json"),
        *("tool_call_id", "call_id", "tool_use_id", "file_id", "cache_control", "status", "role"),
    }
)

# Searched fields that have no column.
_SEARCHED_FIELDS = ("parts", "tool_calls", "function_call", "refusal")


def heading(session: ChatSession) -> str:
    """The text of a session itself: its title and its tags, one per line."""
    return "\n".join((session.title, *session.tags))


def searched_text(message: ChatMessage) -> str:
    """Everything in a message that is searched, as one text of at most MAX_CHARACTERS.

    That is its text, including nested parts, the arguments and results of tool calls, refusals and
    reasoning. Images, files, their addresses and ids are not searched.
    """
    content, others = message.given_content, message.other_fields
    texts = [content] if isinstance(content, str) else _texts(content)
    more = _texts([others.get(name) for name in _SEARCHED_FIELDS])
    found = [text for text in (*texts, *more, message.reasoning or "") if text]
    return "\n".join(found)[:MAX_CHARACTERS]


def _texts(value: Any) -> Iterator[str]:
    """The text in parsed JSON, in order, at any depth. Stored JSON is at most 64 levels deep."""
    if isinstance(value, str):
        if not value.startswith("data:"):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _LEFT_OUT:
                yield from _texts(item)
