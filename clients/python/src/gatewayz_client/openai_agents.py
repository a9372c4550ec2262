"""A session for OpenAI's Agents SDK (`pip install gatewayz-client[openai-agents]`).

Items are kept as the routes of `/v1/conversations` keep them: both ways of asking show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from agents.memory import SessionSettings

from gatewayz_client.asynchronous import AsyncGatewayz
from gatewayz_client.client import Gatewayz
from gatewayz_client.history import History, arun
from gatewayz_client.originals import Place, kept, restored, usable_id
from gatewayz_client.types import Message, MessageInput, MessageStatus

_KEY = "openai_agents"
# The SDK gives this id to the items of a model that has none.
_NO_ID = "__fake_id__"
# Fields of an item that a message does not have, or has for something else.
_OF_MESSAGES = {"id", "type", *MessageInput.__annotations__}


class GatewayzSession:
    """The items of one chat, for `Runner.run(…, session=…)`.

    An item with an id that the chat has replaces that one.

    Args:
        session_id: how your program calls the chat; its `external_id`.
        client: an AsyncGatewayz, or a Gatewayz, which then works in threads.
        session_settings: of the SDK; its `limit` is how many items a run begins with.
        session: further arguments of `client.chat.create_session`, such as `end_user_id`.
    """

    def __init__(
        self,
        session_id: str,
        client: AsyncGatewayz | Gatewayz,
        *,
        session_settings: SessionSettings | None = None,
        **session: Any,
    ) -> None:
        self.session_id = session_id
        self.session_settings = session_settings
        self._client = client
        self._history = History(session_id, **session)

    async def get_items(self, limit: int | None = None) -> list[Any]:
        """The newest `limit` items, or all, oldest first."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        messages = await arun(self._client, self._history.read(limit))
        return [item for message in messages for item in _items(message)]

    async def add_items(self, items: Sequence[Any]) -> None:
        """Add items, up to 500 at a time; each time all or none."""
        await arun(self._client, self._history.append([_input(dict(item)) for item in items]))

    async def pop_item(self) -> Any:
        """Delete the newest item, and return it; None when there is none."""
        message = await arun(self._client, self._history.delete(-1))
        return None if message is None else _items(message)[-1]

    async def clear_session(self) -> None:
        """Move the chat to the trash; the next item begins another."""
        await arun(self._client, self._history.clear())


def _input(item: dict[str, Any]) -> MessageInput:
    client_id = None if item.get("id") == _NO_ID else usable_id(item.get("id"))
    kind = item.get("type") or "message"
    if kind != "message":
        role = "tool" if kind.endswith("_output") else "assistant"
        message = {"role": role, "content": None, "response_item": item, "client_id": client_id}
        return {name: value for name, value in message.items() if value or name == "content"}  # type: ignore[return-value]
    more = {name: value for name, value in item.items() if name not in _OF_MESSAGES}
    if item.get("status") in get_args(MessageStatus):
        more["status"] = item["status"]
    return kept(
        _KEY,
        item,
        [Place(("content",), ("content",), None)],
        **more,
        role=item["role"],
        content=item["content"],
        client_id=client_id,
    )


def _items(message: Message) -> list[Any]:
    """The items of a message: one, unless another program wrote it."""
    raw = message.get("response_item")
    if isinstance(raw, dict):
        return [raw]
    original = restored(_KEY, message)
    if original is not None:
        return [original]
    fields: dict[str, Any] = dict(message)
    role, content = fields["role"], fields["content"]
    if role in {"tool", "function"}:
        call_id = fields.get("tool_call_id") or ""
        return [{"type": "function_call_output", "call_id": call_id, "output": content or ""}]
    items: list[Any] = []
    if content:
        text = "output_text" if role == "assistant" else "input_text"
        items.append({"role": role, "content": _content(content, text)})
    items += (
        {
            "type": "function_call",
            "call_id": call.get("id") or "",
            "name": call["function"]["name"],
            "arguments": call["function"]["arguments"],
        }
        for call in fields.get("tool_calls") or ()
    )
    return items


def _content(content: Any, text: str) -> Any:
    if isinstance(content, str):
        return content
    parts = []
    for part in content:
        url = part.get("image_url")
        if part.get("type") == "text":
            parts.append({"type": text, "text": part["text"]})
        elif part.get("type") == "image_url" and isinstance(url, dict):
            parts.append({"type": "input_image", "image_url": url["url"], "detail": "auto"})
        else:
            parts.append(part)
    return parts
