"""The conversations of ChatGPT's export: a `mapping` of nodes, each with a message or none."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chat.transfer.formats.conversations import Conversation, without
from chat.transfer.formats.trees import Node, in_order

NAME = "chatgpt"

# In the order in which the export writes them.
_TEXTS = ("text", "result", "summary", "content", "title")


class _Author(msgspec.Struct):
    role: str
    name: str | None = None


class _Message(msgspec.Struct):
    author: _Author
    id: str | None = None
    content: dict[str, Any] | None = None
    create_time: Any = None
    update_time: Any = None
    metadata: dict[str, Any] | None = None
    recipient: str | None = None
    status: str | None = None
    weight: Any = None
    end_turn: bool | None = None


class _Node(msgspec.Struct):
    id: str | None = None
    message: _Message | None = None
    parent: str | msgspec.UnsetType | None = msgspec.UNSET
    children: list[str] | None = None


class _Conversation(msgspec.Struct):
    mapping: dict[str, _Node]
    title: str | None = None
    create_time: Any = None
    update_time: Any = None
    current_node: str | None = None
    conversation_id: str | None = None
    id: str | None = None
    default_model_slug: str | None = None
    is_archived: bool | None = None
    is_starred: bool | None = None


def matches(document: Mapping[str, Any]) -> bool:
    """Whether this is a conversation of ChatGPT."""
    return "mapping" in document


def conversation(document: dict[str, Any]) -> Conversation:
    """Read one. Raises msgspec.ValidationError, or UnreadableError for a broken tree."""
    given = msgspec.convert(document, _Conversation)
    thread = in_order(_nodes(document["mapping"], given.mapping))
    fields = {
        "external_id": given.conversation_id or given.id,
        "title": given.title,
        "model": given.default_model_slug,
        "created_at": given.create_time,
        "updated_at": given.update_time,
        "is_archived": given.is_archived,
        "is_pinned": given.is_starred,
        "current_message_id": thread.nearest.get(given.current_node or ""),
        "messages": thread.messages,
    }
    return Conversation(fields, without(document, _Conversation))


def _nodes(raw: Mapping[str, Any], nodes: Mapping[str, _Node]) -> Iterator[Node]:
    """Yield the nodes, siblings in the order in which their parent lists them."""
    place = {
        child: number
        for node in nodes.values()
        for number, child in enumerate(node.children or ())
    }
    parents = {child: name for name, node in nodes.items() for child in node.children or ()}
    for name in sorted(nodes, key=lambda name: place.get(name, 0)):
        node = nodes[name]
        parent = parents.get(name) if node.parent is msgspec.UNSET else node.parent
        message = None
        if node.message is not None:
            message = _message(name, parent, raw[name]["message"], node.message)
        yield Node(name, parent, message)


def _message(
    name: str, parent: str | None, raw: Mapping[str, Any], message: _Message
) -> dict[str, Any] | None:
    """A message, or None for an empty one, such as the system's at the root."""
    given, about = message.content or {}, message.metadata or {}
    kind = given.get("content_type")
    content: Any = _content(given)
    role = message.author.role
    if not content and role in ("system", "developer"):
        return None
    fields: dict[str, Any] = {
        # Hidden messages, such as custom instructions, were not written by their stated author.
        "role": "system" if about.get("is_visually_hidden_from_conversation") else role,
        "content": content,
        "created_at": message.create_time,
        "updated_at": message.update_time,
        "model": about.get("model_slug") if isinstance(about.get("model_slug"), str) else None,
        "status": "incomplete" if message.status == "finished_partial_completion" else None,
        "metadata": {**about, **without(raw, _Message)} or None,
    }
    if message.author.name:
        fields["name"] = message.author.name
    if kind == "code" and role == "assistant":
        call = {"name": message.recipient or "python", "arguments": content}
        fields["tool_calls"] = [{"id": name, "type": "function", "function": call}]
    if kind == "thoughts" and content:
        fields["reasoning"] = content[0]["text"]
    if role == "tool" and parent:
        fields["tool_call_id"] = parent
    return fields


def _content(given: Mapping[str, Any]) -> Any:
    """The text of a message, or its parts if there is more to it than text."""
    kind, parts = given.get("content_type"), given.get("parts")
    if isinstance(parts, list):
        if all(isinstance(part, str) for part in parts):
            return "\n".join(part for part in parts if part)
        return [_part(part) for part in parts if part]
    if kind in ("code", "execution_output") and isinstance(given.get("text"), str):
        return given["text"]
    text = _text(given)
    if not text and not given.keys() - {"content_type"}:
        return ""
    return [{**given, "type": str(kind), "text": text}]


def _part(part: Any) -> dict[str, Any]:
    if not isinstance(part, dict):
        return {"type": "text", "text": str(part)}
    kind = str(part.get("content_type"))
    if kind == "image_asset_pointer":
        # By reference: the image itself is another file of the archive.
        return {"type": "image_url", "image_url": {"url": part.get("asset_pointer")}, **part}
    return {"type": kind, **part}


def _text(given: Mapping[str, Any]) -> str:
    thoughts = given.get("thoughts")
    found = [given, *(thoughts if isinstance(thoughts, list) else ())]
    texts = [
        one[name]
        for one in found
        if isinstance(one, dict)
        for name in _TEXTS
        if isinstance(one.get(name), str)
    ]
    return "\n".join(dict.fromkeys(text for text in texts if text))
