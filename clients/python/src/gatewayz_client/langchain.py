"""A chat history for LangChain (`pip install gatewayz-client[langchain]`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage, convert_to_messages, messages_from_dict

from gatewayz_client.asynchronous import AsyncGatewayz
from gatewayz_client.client import Gatewayz
from gatewayz_client.history import History, arun, run
from gatewayz_client.originals import (
    MAX_CHARS,
    PartOf,
    Path,
    content_of,
    data_part,
    kept,
    restored,
    text_part,
    tool_call,
    understood,
    url_part,
    usable_id,
)
from gatewayz_client.types import Message, MessageInput

_KEY = "langchain"
_ROLES = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "function",
}


class GatewayzChatMessageHistory(BaseChatMessageHistory):
    """The messages of one chat, for `RunnableWithMessageHistory` and others.

    A message with an id that the chat has replaces that one.

    Args:
        client: a Gatewayz, for all methods; or an AsyncGatewayz, for asynchronous ones only.
        session_id: how your program calls the chat; its `external_id`.
        session: further arguments of `client.chat.create_session`, such as `end_user_id`.
    """

    def __init__(self, client: Gatewayz | AsyncGatewayz, session_id: str, **session: Any) -> None:
        super().__init__()
        self._client = client
        self._history = History(session_id, **session)

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override, unused-ignore]
        """All messages, oldest first."""
        return _messages(run(self._client, self._history.read()))

    async def aget_messages(self) -> list[BaseMessage]:
        return _messages(await arun(self._client, self._history.read()))

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        run(self._client, self._history.append([_input(message) for message in messages]))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        await arun(self._client, self._history.append([_input(message) for message in messages]))

    def clear(self) -> None:
        """Move the chat to the trash; the next message begins another."""
        run(self._client, self._history.clear())

    async def aclear(self) -> None:
        await arun(self._client, self._history.clear())


def _input(message: BaseMessage) -> MessageInput:
    data = message.model_dump(mode="json")
    where = ("data", "content")
    given = data["content"]
    content, places = content_of(
        [_part(block, (*where, index)) for index, block in enumerate(given)]
        if isinstance(given, list)
        else [_part(given, where)]
    )
    calls = [
        tool_call(call["id"], call["name"], call["args"])
        for call in (*data.get("tool_calls", ()), *data.get("invalid_tool_calls", ()))
    ]
    reasoning = message.additional_kwargs.get("reasoning_content")
    return kept(
        _KEY,
        {"type": message.type, "data": data},
        places,
        role=_role(message),
        content=content,
        client_id=usable_id(message.id),
        model=_model(message),
        tokens=(data.get("usage_metadata") or {}).get("total_tokens"),
        reasoning=reasoning if isinstance(reasoning, str) else None,
        tool_calls=calls or None,
        tool_call_id=data.get("tool_call_id"),
        name=message.name,
    )


def _role(message: BaseMessage) -> str:
    kind = message.type.removesuffix("MessageChunk").lower()
    # The role of a ChatMessage is any word.
    role: str = _ROLES.get(kind, getattr(message, "role", "user"))
    return role if role in _ROLES.values() else "user"


def _model(message: BaseMessage) -> str | None:
    for name in ("model_name", "model"):
        if isinstance(model := message.response_metadata.get(name), str):
            return model[:MAX_CHARS]
    return None


def _part(block: Any, where: Path) -> tuple[PartOf, Path]:
    if isinstance(block, str):
        return text_part(block), where
    kind, media_type = block.get("type"), block.get("mime_type")
    if kind == "text" and isinstance(block.get("text"), str):
        return PartOf(block, ("text",)), (*where, "text")
    if kind in {"image", "audio", "video", "file"}:
        for name in ("base64", "data"):
            if isinstance(data := block.get(name), str):
                return data_part(data, media_type, block.get("filename")), (*where, name)
        if isinstance(url := block.get("url"), str):
            return url_part(url, media_type or f"{kind}/"), (*where, "url")
    return PartOf(block, (), None), where


def _messages(messages: Sequence[Message]) -> list[BaseMessage]:
    return [_message(message) for message in messages]


def _message(message: Message) -> BaseMessage:
    original = restored(_KEY, message)
    if original is not None:
        return messages_from_dict([original])[0]
    plain = understood(message)
    plain["content"] = plain["content"] or ""
    if plain["role"] == "tool":
        plain.setdefault("tool_call_id", "")
    if plain["role"] == "function":
        plain.setdefault("name", "")
    return convert_to_messages([plain])[0]
