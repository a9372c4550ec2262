"""The conversations of Claude's export: `chat_messages` with text, or blocks of content."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chat.transfer.formats.conversations import Conversation, without
from chat.transfer.formats.trees import Node, in_order

NAME = "claude"

_ROLES = {"human": "user", "user": "user", "assistant": "assistant", "system": "system"}
# The parent of the first messages.
_ROOT = "00000000-0000-4000-8000-000000000000"


class _Message(msgspec.Struct):
    sender: str
    uuid: str | None = None
    text: str | None = None
    content: list[dict[str, Any]] | None = None
    created_at: Any = None
    updated_at: Any = None
    attachments: list[dict[str, Any]] | None = None
    files: list[dict[str, Any]] | None = None
    files_v2: list[dict[str, Any]] | None = None
    parent_message_uuid: str | None = None


class _Conversation(msgspec.Struct):
    chat_messages: list[_Message]
    uuid: str | None = None
    name: str | None = None
    model: str | None = None
    created_at: Any = None
    updated_at: Any = None
    is_starred: bool | None = None
    current_leaf_message_uuid: str | None = None


def matches(document: Mapping[str, Any]) -> bool:
    """Whether this is a conversation of Claude."""
    return "chat_messages" in document


def conversation(document: dict[str, Any]) -> Conversation:
    """Read one. Raises msgspec.ValidationError, or UnreadableError for a broken tree."""
    given = msgspec.convert(document, _Conversation)
    nodes = list(_nodes(document["chat_messages"], given.chat_messages))
    thread = in_order(nodes)
    current = given.current_leaf_message_uuid or (nodes[-1].id if nodes else "")
    fields = {
        "external_id": given.uuid,
        "title": given.name,
        "model": given.model,
        "created_at": given.created_at,
        "updated_at": given.updated_at,
        "is_pinned": given.is_starred,
        "current_message_id": thread.nearest.get(current),
        "messages": thread.messages,
    }
    return Conversation(fields, without(document, _Conversation))


def _nodes(raw: list[dict[str, Any]], messages: list[_Message]) -> Iterator[Node]:
    # Older exports name no parents: each message follows the one before.
    has_tree = any(message.parent_message_uuid for message in messages)
    last = None
    for number, message in enumerate(messages):
        name = message.uuid or f"message-{number}"
        parent = message.parent_message_uuid if has_tree else last
        if parent == _ROOT:
            parent = None
        fields = {
            "role": _ROLES.get(message.sender, message.sender),
            "content": _content(message),
            "created_at": message.created_at,
            "updated_at": message.updated_at,
            "reasoning": _reasoning(message.content or ()) or None,
            "metadata": without(raw[number], _Message) or None,
        }
        yield Node(name, parent, fields)
        last = name


def _content(message: _Message) -> Any:
    """The text of a message, or its blocks and files if there is more to it than text."""
    blocks = message.content or [{"type": "text", "text": message.text or ""}]
    files = [*_attachments(message), *_files(message)]
    if len(blocks) == 1 and not files and _is_plain(blocks[0]):
        return blocks[0]["text"]
    return blocks + files


def _is_plain(block: Mapping[str, Any]) -> bool:
    return (
        block.get("type") == "text"
        and isinstance(block.get("text"), str)
        and not block.get("citations")
    )


def _attachments(message: _Message) -> Iterator[dict[str, Any]]:
    for attachment in message.attachments or ():
        rest = dict(attachment)
        text = rest.pop("extracted_content", None)
        yield {"type": "attachment", **rest, "text": text}


def _files(message: _Message) -> Iterator[dict[str, Any]]:
    """The files, by reference; the export has called the list by two names."""
    for file in message.files_v2 or message.files or ():
        yield {"type": "file", **file}


def _reasoning(blocks: Any) -> str:
    return "\n\n".join(
        block["thinking"]
        for block in blocks
        if block.get("type") == "thinking" and isinstance(block.get("thinking"), str)
    )
