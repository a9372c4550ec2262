"""The chats of Open WebUI's export: a tree in `history.messages`, or a list in `messages`."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chat.transfer.formats.conversations import Conversation, UnreadableError, without
from chat.transfer.formats.trees import Node, in_order

NAME = "open_webui"


class _Message(msgspec.Struct):
    role: str
    content: Any = None
    id: str | None = None
    parentId: str | None = None  # noqa: N815, as in the file
    childrenIds: list[str] | None = None  # noqa: N815
    timestamp: Any = None
    model: str | None = None
    usage: Any = None
    done: bool | None = None
    files: list[dict[str, Any]] | None = None


class _History(msgspec.Struct):
    messages: dict[str, dict[str, Any]] = {}
    currentId: str | None = None  # noqa: N815


class _Chat(msgspec.Struct):
    id: str | None = None
    title: str | None = None
    models: list[str | None] | None = None
    history: _History | None = None
    messages: list[dict[str, Any]] | None = None
    tags: list[Any] | None = None
    timestamp: Any = None


class _Meta(msgspec.Struct):
    tags: list[Any] | None = None


class _Wrapper(msgspec.Struct):
    chat: dict[str, Any]
    id: str | None = None
    title: str | None = None
    created_at: Any = None
    updated_at: Any = None
    pinned: bool | None = None
    archived: bool | None = None
    folder_id: str | None = None
    meta: _Meta | None = None


def matches(document: Mapping[str, Any]) -> bool:
    """Whether this is a chat of Open WebUI, within its wrapper or alone."""
    chat = document.get("chat", document)
    return isinstance(chat, dict) and (
        "history" in chat or ("chat" in document and "messages" in chat)
    )


def conversation(document: dict[str, Any]) -> Conversation:
    """Read one. Raises msgspec.ValidationError, or UnreadableError for a broken tree."""
    wrapped = document if "chat" in document else {"chat": document}
    outer = msgspec.convert(wrapped, _Wrapper)
    chat = msgspec.convert(outer.chat, _Chat)
    history = chat.history or _History()
    nodes = list(_tree(history.messages) if history.messages else _list(chat.messages or []))
    thread = in_order(nodes)
    current = history.currentId or (nodes[-1].id if nodes else "")
    models = [model for model in chat.models or () if model]
    fields = {
        "external_id": outer.id or chat.id,
        "title": outer.title or chat.title,
        "model": models[0] if models else None,
        "created_at": outer.created_at or chat.timestamp,
        "updated_at": outer.updated_at,
        "is_pinned": outer.pinned,
        "is_archived": outer.archived,
        "folder": outer.folder_id,
        "tags": [_tag(tag) for tag in (outer.meta and outer.meta.tags) or chat.tags or ()],
        "current_message_id": thread.nearest.get(current),
        "messages": thread.messages,
    }
    return Conversation(fields, without(wrapped, _Wrapper) | without(outer.chat, _Chat))


def _tree(messages: Mapping[str, dict[str, Any]]) -> Iterator[Node]:
    given = {name: msgspec.convert(raw, _Message) for name, raw in messages.items()}
    place = {
        child: number
        for message in given.values()
        for number, child in enumerate(message.childrenIds or ())
    }
    for name in sorted(given, key=lambda name: place.get(name, 0)):
        yield Node(name, given[name].parentId, _message(messages[name], given[name]))


def _list(messages: list[dict[str, Any]]) -> Iterator[Node]:
    last = None
    for number, raw in enumerate(messages):
        message = msgspec.convert(raw, _Message)
        name = message.id or f"message-{number}"
        yield Node(name, last, _message(raw, message))
        last = name


def _message(raw: Mapping[str, Any], message: _Message) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "role": message.role,
        "content": _content(message),
        "created_at": message.timestamp,
        "model": message.model,
        "status": "incomplete" if message.done is False else None,
        "metadata": without(raw, _Message) or None,
    }
    if isinstance(message.usage, dict):
        fields["usage"] = message.usage
        tokens = message.usage.get("completion_tokens") or message.usage.get("eval_count")
        fields["tokens"] = tokens if isinstance(tokens, int) else None
    return fields


def _content(message: _Message) -> Any:
    content, files = message.content, message.files or []
    if not files or not isinstance(content, str | None):
        return content or ""
    return [{"type": "text", "text": content or ""}, *map(_file, files)]


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    if file.get("type") == "image" and isinstance(file.get("url"), str):
        return {"type": "image_url", "image_url": {"url": file["url"]}}
    return {"type": "file", "file": file}


def _tag(tag: Any) -> str:
    name = tag.get("name") if isinstance(tag, dict) else tag
    if not isinstance(name, str):
        raise UnreadableError("A tag has no name.")
    return name
