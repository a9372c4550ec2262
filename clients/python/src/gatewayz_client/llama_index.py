"""A chat store for LlamaIndex (`pip install gatewayz-client[llama-index]`)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from operator import methodcaller
from pathlib import Path as File
from typing import Any

from llama_index.core.llms import ChatMessage
from llama_index.core.storage.chat_store.base import BaseChatStore
from pydantic import PrivateAttr

from gatewayz_client.asynchronous import AsyncGatewayz
from gatewayz_client.client import Gatewayz
from gatewayz_client.history import History, Steps, arun, run
from gatewayz_client.originals import (
    PartOf,
    Path,
    arguments_of,
    content_of,
    data_part,
    image_of,
    kept,
    restored,
    text_of,
    text_part,
    tool_call,
    understood,
    url_part,
)
from gatewayz_client.types import Message, MessageInput

_KEY = "llama_index"
_ROLES = {"chatbot": "assistant", "model": "assistant"}
# Histories whose session is known; the others are looked up.
_MAX_KNOWN = 1_000


class GatewayzChatStore(BaseChatStore):
    """Chats by key, for `ChatMemoryBuffer` and others. A key is the `external_id` of a session.

    Args:
        client: a Gatewayz, for all methods; or an AsyncGatewayz, for asynchronous ones only.
        session: further arguments of `client.chat.create_session`, for each session. `get_keys`
            lists the keys of this `end_user_id` and `folder`.
    """

    _client: Any = PrivateAttr()
    _session: dict[str, Any] = PrivateAttr()
    _known: dict[str, History] = PrivateAttr(default_factory=dict)

    def __init__(self, client: Gatewayz | AsyncGatewayz, **session: Any) -> None:
        super().__init__()
        self._client = client
        self._session = session

    @classmethod
    def class_name(cls) -> str:
        return "GatewayzChatStore"

    def set_messages(self, key: str, messages: list[ChatMessage]) -> None:
        run(self._client, self._set(key, messages))

    async def aset_messages(self, key: str, messages: list[ChatMessage]) -> None:
        await arun(self._client, self._set(key, messages))

    def get_messages(self, key: str) -> list[ChatMessage]:
        return _messages(run(self._client, self._history(key).read()))

    async def aget_messages(self, key: str) -> list[ChatMessage]:
        return _messages(await arun(self._client, self._history(key).read()))

    def add_message(self, key: str, message: ChatMessage) -> None:
        run(self._client, self._history(key).append([_input(message)]))

    async def async_add_message(self, key: str, message: ChatMessage) -> None:
        await arun(self._client, self._history(key).append([_input(message)]))

    def delete_messages(self, key: str) -> list[ChatMessage] | None:
        """Move the session to the trash, and return its messages; None when there is none."""
        return run(self._client, self._delete_all(key))

    async def adelete_messages(self, key: str) -> list[ChatMessage] | None:
        return await arun(self._client, self._delete_all(key))

    def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        return run(self._client, self._delete(key, idx))

    async def adelete_message(self, key: str, idx: int) -> ChatMessage | None:
        return await arun(self._client, self._delete(key, idx))

    def delete_last_message(self, key: str) -> ChatMessage | None:
        return run(self._client, self._delete(key, -1))

    async def adelete_last_message(self, key: str) -> ChatMessage | None:
        return await arun(self._client, self._delete(key, -1))

    def get_keys(self) -> list[str]:
        return run(self._client, self._keys())

    async def aget_keys(self) -> list[str]:
        return await arun(self._client, self._keys())

    def _history(self, key: str) -> History:
        if len(self._known) > _MAX_KNOWN:
            self._known.clear()
        return self._known.setdefault(key, History(key, **self._session))

    def _set(self, key: str, messages: Sequence[ChatMessage]) -> Steps[None]:
        yield from self._history(key).replace([_input(message) for message in messages])

    def _delete(self, key: str, index: int) -> Steps[ChatMessage | None]:
        message = yield from self._history(key).delete(index)
        return None if message is None else _message(message)

    def _delete_all(self, key: str) -> Steps[list[ChatMessage] | None]:
        messages = yield from self._history(key).read()
        yield from self._history(key).clear()
        return _messages(messages) or None

    def _keys(self) -> Steps[list[str]]:
        filters = {name: self._session.get(name) for name in ("end_user_id", "folder")}
        keys: list[str] = []
        cursor = None
        while True:
            page = yield methodcaller("list_sessions", limit=100, cursor=cursor, **filters)
            keys += (one["external_id"] for one in page.data if one["external_id"] is not None)
            cursor = page.next_cursor
            if cursor is None:
                return keys


def _input(message: ChatMessage) -> MessageInput:
    original = message.model_dump(mode="json")
    parts, reasoning, calls = [], [], []
    for index, block in enumerate(original["blocks"]):
        where = ("blocks", index)
        if block["block_type"] == "thinking":
            reasoning.append(block["content"] or "")
        elif block["block_type"] == "tool_call":
            calls.append(
                tool_call(block["tool_call_id"], block["tool_name"], block["tool_kwargs"])
            )
        else:
            parts.append(_part(block, where))
    content, places = content_of(parts)
    more = original["additional_kwargs"]
    calls += (call for call in more.get("tool_calls") or () if _is_call(call))
    return kept(
        _KEY,
        original,
        places,
        role=_ROLES.get(message.role.value, message.role.value),
        content=content,
        reasoning="\n".join(reasoning) if reasoning else None,
        tool_calls=calls or None,
        tool_call_id=more.get("tool_call_id"),
        name=more.get("name"),
    )


def _is_call(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("function"), dict)


_MEDIA = {"image": "image", "audio": "audio", "video": "video", "document": "data"}


def _part(block: dict[str, Any], where: Path) -> tuple[PartOf, Path]:
    kind = block["block_type"]
    if kind == "text":
        return text_part(block["text"]), (*where, "text")
    if kind in _MEDIA:
        media_type = _media_type(block)
        if block["path"] and not block[_MEDIA[kind]] and File(block["path"]).is_file():
            # A path means nothing where the message may be read.
            data = File(block["path"]).read_bytes()
            block |= {_MEDIA[kind]: b64encode(data).decode(), "path": None}
        if block[_MEDIA[kind]]:
            part = data_part(block[_MEDIA[kind]], media_type, block.get("title"))
            return part, (*where, _MEDIA[kind])
        if block.get("url"):
            return url_part(block["url"], media_type), (*where, "url")
    return PartOf({"type": kind, **block}, (), None), where


def _media_type(block: dict[str, Any]) -> str:
    kind = block["block_type"]
    form = block.get("format") or ""
    given = block.get(f"{kind}_mimetype") or (form if "/" in form else None)
    return given or f"{kind}/{form}"


def _messages(messages: Sequence[Message]) -> list[ChatMessage]:
    return [_message(message) for message in messages]


def _message(message: Message) -> ChatMessage:
    original = restored(_KEY, message)
    if original is None:
        original = _original(understood(message))
    return ChatMessage.model_validate(original)


def _original(plain: dict[str, Any]) -> dict[str, Any]:
    content = plain["content"] or []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    blocks = [_block(part) for part in parts]
    blocks += (
        {
            "block_type": "tool_call",
            "tool_call_id": call.get("id"),
            "tool_name": call["function"]["name"],
            "tool_kwargs": arguments_of(call),
        }
        for call in plain.get("tool_calls", ())
    )
    more = {name: plain[name] for name in ("tool_call_id", "name") if name in plain}
    return {"role": plain["role"], "blocks": blocks, "additional_kwargs": more}


def _block(part: dict[str, Any]) -> dict[str, Any]:
    image = image_of(part)
    if image is None:
        return {"block_type": "text", "text": text_of([part])}
    data, media_type = image
    if media_type is None:
        return {"block_type": "image", "url": data}
    return {"block_type": "image", "image": data, "image_mimetype": media_type}
