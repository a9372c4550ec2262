"""A message history for Pydantic AI (`pip install gatewayz-client[pydantic-ai]`)."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

from gatewayz_client.asynchronous import AsyncGatewayz
from gatewayz_client.client import Gatewayz
from gatewayz_client.history import History, arun, run
from gatewayz_client.originals import (
    MAX_CHARS,
    PartOf,
    Path,
    Place,
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

_KEY = "pydantic_ai"


class Run(Protocol):
    """A finished run of an agent."""

    def new_messages(self) -> list[ModelMessage]:
        """The messages of the run."""
        ...


class GatewayzMessageHistory:
    """The messages of one chat: `load` them for a run, `save` what the run has added.

    Args:
        client: a Gatewayz, for all methods; or an AsyncGatewayz, for asynchronous ones only.
        conversation_id: how your program calls the chat; its `external_id`.
        session: further arguments of `client.chat.create_session`, such as `end_user_id`.
    """

    def __init__(
        self, client: Gatewayz | AsyncGatewayz, conversation_id: str, **session: Any
    ) -> None:
        self._client = client
        self._history = History(conversation_id, **session)

    def load(self) -> list[ModelMessage]:
        """All messages, oldest first, for `message_history`."""
        return _messages(run(self._client, self._history.read()))

    async def aload(self) -> list[ModelMessage]:
        """As `load`."""
        return _messages(await arun(self._client, self._history.read()))

    def save(self, new: Run | Iterable[ModelMessage]) -> None:
        """Add the new messages of a run, or these."""
        run(self._client, self._history.append(_inputs(new)))

    async def asave(self, new: Run | Iterable[ModelMessage]) -> None:
        """As `save`."""
        await arun(self._client, self._history.append(_inputs(new)))

    def clear(self) -> None:
        """Move the chat to the trash; the next message begins another."""
        run(self._client, self._history.clear())

    async def aclear(self) -> None:
        """As `clear`."""
        await arun(self._client, self._history.clear())


def _inputs(new: Run | Iterable[ModelMessage]) -> list[MessageInput]:
    messages = [*new] if isinstance(new, Iterable) else new.new_messages()
    inputs: list[MessageInput] = []
    for original in ModelMessagesTypeAdapter.dump_python(messages, mode="json"):
        if original["kind"] == "response":
            inputs.append(_response(original))
        else:
            inputs += _request(original)
    return inputs


def _response(original: dict[str, Any]) -> MessageInput:
    parts: list[tuple[PartOf, Path]] = []
    reasoning, calls = [], []
    for index, part in enumerate(original["parts"]):
        where = ("parts", index)
        kind = part["part_kind"]
        if kind == "text":
            parts.append((text_part(part["content"]), (*where, "content")))
        elif kind == "thinking":
            reasoning.append(part["content"])
        elif kind == "tool-call":
            calls.append(tool_call(part["tool_call_id"], part["tool_name"], part["args"] or {}))
        elif kind == "file":
            parts.append(_part(part["content"], (*where, "content")))
        else:
            parts.append((PartOf({"type": kind, **part}, (), None), where))
    content, places = content_of(parts)
    usage = original.get("usage") or {}
    model = original.get("model_name")
    return kept(
        _KEY,
        original,
        places,
        role="assistant",
        content=content,
        reasoning="\n".join(reasoning) if reasoning else None,
        tool_calls=calls or None,
        model=model and model[:MAX_CHARS],
        tokens=usage.get("input_tokens", 0) + usage.get("output_tokens", 0),
    )


def _request(original: dict[str, Any]) -> Iterator[MessageInput]:
    """A message for each part. The first also has what describes the whole request."""
    about = {name: value for name, value in original.items() if name != "parts"}
    if not original["parts"]:
        yield kept(_KEY, {**about, "parts": []}, [], role="user")
    for part in original["parts"]:
        content, places = _content(part)
        call_id = part.get("tool_call_id")
        answers_call = bool(call_id and part.get("tool_name"))
        yield kept(
            _KEY,
            {**about, "parts": [part]},
            places,
            role="tool" if answers_call else _ROLES.get(part["part_kind"], "user"),
            content=content,
            tool_call_id=call_id if answers_call else None,
            name=part["tool_name"] if answers_call else None,
        )
        about = {}


_ROLES = {"system-prompt": "system", "instruction": "system"}


def _content(part: dict[str, Any]) -> tuple[Any, list[Place]]:
    where: Path = ("parts", 0, "content")
    content = part.get("content")
    if isinstance(content, str):
        return content, [Place(where, ("content",))]
    if part["part_kind"] == "user-prompt" and isinstance(content, list):
        return content_of([_part(item, (*where, i)) for i, item in enumerate(content)])
    if isinstance(content, list) and all(isinstance(item, dict) for item in content):
        return content_of([_part(item, (*where, i)) for i, item in enumerate(content)])
    return content_of([] if content is None else [_part(content, where)])


def _part(item: Any, where: Path) -> tuple[PartOf, Path]:
    """A piece of a prompt, of an answer, or of the result of a tool."""
    if isinstance(item, str):
        return text_part(item), where
    kind = item.get("kind") if isinstance(item, dict) else None
    if kind == "text-content":
        return text_part(item["content"]), (*where, "content")
    if kind == "binary" and (data := _standard(item.get("data"))) is not None:
        item["data"] = data
        return data_part(data, str(item.get("media_type"))), (*where, "data")
    if isinstance(kind, str) and kind.endswith("-url") and isinstance(item.get("url"), str):
        return url_part(item["url"], kind.replace("-url", "/")), (*where, "url")
    return text_part(json.dumps(item, ensure_ascii=False)), where


def _standard(data: Any) -> str | None:
    """Base64 in the usual alphabet: Pydantic writes the one for URLs, and reads both."""
    try:
        return b64encode(b64decode(data, b"-_", validate=True)).decode()
    except (TypeError, binascii.Error, ValueError):
        return None


def _messages(messages: Sequence[Message]) -> list[ModelMessage]:
    originals: list[dict[str, Any]] = []
    for message in messages:
        original = restored(_KEY, message) or _original(understood(message))
        if "kind" in original:
            originals.append(original)
        elif originals and originals[-1]["kind"] == "request":
            originals[-1]["parts"] += original["parts"]
        else:
            originals.append({"kind": "request", **original})
    # From JSON: only there are bytes read from base64.
    read: list[ModelMessage] = ModelMessagesTypeAdapter.validate_json(json.dumps(originals))
    return read


def _original(plain: dict[str, Any]) -> dict[str, Any]:
    role, content = plain["role"], plain["content"]
    if role == "assistant":
        parts = [{"part_kind": "text", "content": text_of(content)}] if content else []
        parts += (
            {
                "part_kind": "tool-call",
                "tool_name": call["function"]["name"],
                "args": call["function"]["arguments"],
                "tool_call_id": call.get("id") or "",
            }
            for call in plain.get("tool_calls", ())
        )
        return {"kind": "response", "parts": parts}
    if role in {"tool", "function"}:
        part: dict[str, Any] = {"part_kind": "tool-return", "content": text_of(content)}
        part |= {name: plain.get(key) or "" for name, key in _OF_TOOLS.items()}
    elif role == "user":
        prompt = content or ""
        if isinstance(prompt, list):
            prompt = [_prompt(piece) for piece in prompt]
        part = {"part_kind": "user-prompt", "content": prompt}
    else:
        part = {"part_kind": "system-prompt", "content": text_of(content)}
    return {"kind": "request", "parts": [part]}


_OF_TOOLS = {"tool_name": "name", "tool_call_id": "tool_call_id"}


def _prompt(part: dict[str, Any]) -> Any:
    image = image_of(part)
    if image is None:
        return text_of([part])
    data, media_type = image
    if media_type is None:
        return {"kind": "image-url", "url": data}
    return {"kind": "binary", "data": data, "media_type": media_type}
