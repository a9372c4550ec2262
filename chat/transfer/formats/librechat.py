"""The conversations of LibreChat's export: a flat list of messages, or each within its parent."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chat.transfer.formats.conversations import Conversation, without
from chat.transfer.formats.trees import Node, in_order

NAME = "librechat"

# The parent of the first messages.
_ROOT = "00000000-0000-0000-0000-000000000000"


class _Message(msgspec.Struct):
    messageId: str  # noqa: N815, as in the file
    parentMessageId: str | None = None  # noqa: N815
    conversationId: str | None = None  # noqa: N815
    isCreatedByUser: bool = False  # noqa: N815
    sender: str | None = None
    text: str | None = None
    content: list[dict[str, Any]] | None = None
    createdAt: Any = None  # noqa: N815
    updatedAt: Any = None  # noqa: N815
    model: str | None = None
    tokenCount: int | None = None  # noqa: N815
    unfinished: bool | None = None
    error: bool | None = None
    files: list[dict[str, Any]] | None = None
    children: list[dict[str, Any]] | None = None


class _Options(msgspec.Struct):
    model: str | None = None


class _Conversation(msgspec.Struct):
    conversationId: str | None = None  # noqa: N815
    title: str | None = None
    messages: list[dict[str, Any]] | None = None
    messagesTree: list[dict[str, Any]] | None = None  # noqa: N815
    model: str | None = None
    createdAt: Any = None  # noqa: N815
    updatedAt: Any = None  # noqa: N815
    isArchived: bool | None = None  # noqa: N815
    tags: list[str] | None = None
    recursive: bool | None = None
    branches: bool | None = None


def matches(document: Mapping[str, Any]) -> bool:
    """Whether this is a conversation of LibreChat."""
    if "conversationId" in document or "messagesTree" in document:
        return True
    messages = document.get("messages")
    return (
        isinstance(messages, list)
        and bool(messages)
        and isinstance(messages[0], dict)
        and "messageId" in messages[0]
    )


def conversation(document: dict[str, Any]) -> Conversation:
    """Read one. Raises msgspec.ValidationError, or UnreadableError for a broken tree."""
    given = msgspec.convert(document, _Conversation)
    options = document.get("options")
    model = given.model
    if model is None and isinstance(options, dict):
        model = msgspec.convert(options, _Options).model
    nodes = list(_nodes(given.messagesTree or given.messages or []))
    thread = in_order(nodes)
    fields = {
        "external_id": given.conversationId,
        "title": given.title,
        "model": model,
        "created_at": given.createdAt,
        "updated_at": given.updatedAt,
        "is_archived": given.isArchived,
        "tags": given.tags,
        "current_message_id": thread.nearest.get(nodes[-1].id if nodes else ""),
        "messages": thread.messages,
    }
    return Conversation(fields, without(document, _Conversation))


def _nodes(roots: list[dict[str, Any]]) -> Iterator[Node]:
    """Yield the messages; one nested in another follows that one, whatever parent it names."""
    # Not by recursion, which a long conversation would break.
    waiting: list[tuple[dict[str, Any], str | None]] = [(raw, None) for raw in reversed(roots)]
    while waiting:
        raw, above = waiting.pop()
        message = msgspec.convert(raw, _Message)
        parent = above or message.parentMessageId
        yield Node(
            message.messageId, None if parent == _ROOT else parent or None, _message(raw, message)
        )
        waiting += [(child, message.messageId) for child in reversed(message.children or ())]


def _message(raw: Mapping[str, Any], message: _Message) -> dict[str, Any]:
    is_user = message.isCreatedByUser or (message.sender or "").lower() == "user"
    role = "user" if is_user else "assistant"
    if (message.sender or "").lower() == "system":
        role = "system"
    return {
        "role": role,
        "content": _content(message),
        "created_at": message.createdAt,
        "updated_at": message.updatedAt,
        "model": message.model,
        "tokens": message.tokenCount,
        "reasoning": _reasoning(message.content or ()) or None,
        "status": "failed" if message.error else "incomplete" if message.unfinished else None,
        "metadata": without(raw, _Message) or None,
    }


def _content(message: _Message) -> Any:
    files = [{"type": "file", "file": file} for file in message.files or ()]
    if message.content:
        return message.content + files
    if files:
        return [{"type": "text", "text": message.text or ""}, *files]
    return message.text or ""


def _reasoning(parts: Any) -> str:
    thoughts = (part.get("think") for part in parts if part.get("type") == "think")
    return "\n\n".join(thought for thought in thoughts if isinstance(thought, str))
