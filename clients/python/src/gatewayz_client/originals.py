"""Messages of frameworks, kept as messages of Gatewayz that any reader understands.

What Gatewayz has a field for is in that field. The message as its framework writes it is in the
metadata, without what the fields hold already, such as texts and pictures.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from gatewayz_client.types import Message, MessageInput

Path = tuple[str | int, ...]

# Of an id, and of the name of a model.
MAX_CHARS = 255


class Place(NamedTuple):
    """Where a value of the original is found in the message.

    A text begins after `skipped` characters there, such as those of a data URL. None: the value is
    not text, or need not be.
    """

    original: Path
    message: Path
    skipped: int | None = 0


class PartOf(NamedTuple):
    """A part of a message's content; at `path` and after `skipped` characters, what it is of."""

    part: dict[str, Any]
    path: Path
    skipped: int | None = 0


def text_part(text: str) -> PartOf:
    """A part with text."""
    return PartOf({"type": "text", "text": text}, ("text",))


def url_part(url: str, media_type: str | None) -> PartOf:
    """A part with the address of an image or a file."""
    if (media_type or "").startswith("image/"):
        return PartOf({"type": "image_url", "image_url": {"url": url}}, ("image_url", "url"))
    return PartOf({"type": "file", "file": {"file_url": url}}, ("file", "file_url"))


def data_part(base64: str, media_type: str | None, name: str | None = None) -> PartOf:
    """A part with an image, a sound or a file."""
    kind, _, form = (media_type or "application/octet-stream").partition("/")
    if kind == "audio":
        part = {"type": "input_audio", "input_audio": {"data": base64, "format": form}}
        return PartOf(part, ("input_audio", "data"))
    prefix = f"data:{kind}/{form};base64,"
    if kind == "image":
        part = {"type": "image_url", "image_url": {"url": prefix + base64}}
        return PartOf(part, ("image_url", "url"), len(prefix))
    file = {"file_data": prefix + base64, **({"filename": name} if name else {})}
    return PartOf({"type": "file", "file": file}, ("file", "file_data"), len(prefix))


def content_of(parts: Sequence[tuple[PartOf, Path]]) -> tuple[Any, list[Place]]:
    """The content of a message with these parts, and where it has what is at their paths.

    A single text is the content itself; no part at all is None.
    """
    if not parts:
        return None, []
    part, original = parts[0]
    # The text of other parts, such as images, may be missing.
    if len(parts) == 1 and part.path == ("text",) and part.part.keys() == {"type", "text"}:
        return part.part["text"], [Place(original, ("content",))]
    content = [part.part for part, _ in parts]
    return content, [
        Place(original, ("content", index, *part.path), part.skipped)
        for index, (part, original) in enumerate(parts)
    ]


def tool_call(call_id: str | None, name: str | None, arguments: Any) -> dict[str, Any]:
    """A call of a tool, as OpenAI writes it."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def arguments_of(call: Any) -> Any:
    """The arguments of a `tool_call`: parsed, unless they are not JSON."""
    text = call["function"]["arguments"]
    try:
        return json.loads(text)
    except ValueError:
        return text


def kept(
    framework: str, original: dict[str, Any], places: Sequence[Place], **fields: Any
) -> MessageInput:
    """The message with these `fields` that keeps `original`; what is None is left out."""
    message = {name: value for name, value in fields.items() if value is not None}
    message["content"] = fields.get("content")
    rest = copy.deepcopy(original)
    found = []
    for place in places:
        # Values that the fields do not hold exactly stay where they are.
        if _value(message, place) == _at(original, place.original):
            _at(rest, place.original[:-1])[place.original[-1]] = None
            found.append([[*place.original], [*place.message], place.skipped])
    message["metadata"] = {framework: {"message": rest, "places": found}}
    return message  # type: ignore[return-value]


def restored(framework: str, message: Message) -> Any:
    """The original of a message; None when it has none, or was changed beyond recognition."""
    metadata = message["metadata"]
    original = metadata.get(framework) if isinstance(metadata, dict) else None
    if original is None:
        return None
    whole = copy.deepcopy(original["message"])
    for place in original["places"]:
        try:
            value = _value(message, Place(*place))
        except (LookupError, TypeError):
            return None
        *parents, last = place[0]
        _at(whole, parents)[last] = value
    return whole


def _value(message: Any, place: Place) -> Any:
    value = _at(message, place.message)
    if place.skipped is None:
        return value
    if not isinstance(value, str):
        raise TypeError("This is not text.")
    return value[place.skipped :]


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for name in path:
        if isinstance(value, str):
            raise TypeError("A text has no members.")
        value = value[name]
    return value


def understood(message: Message) -> dict[str, Any]:
    """A message that another program wrote, as a message of OpenAI's chat completions."""
    fields: dict[str, Any] = dict(message)
    item = fields.get("response_item") or {}
    if item.get("type") == "function_call":
        call = tool_call(item.get("call_id"), item.get("name"), item.get("arguments") or "")
        fields |= {"content": None, "tool_calls": [call]}
    elif item.get("type") == "function_call_output":
        fields |= {"content": item.get("output"), "tool_call_id": item.get("call_id")}
    plain = {"role": fields["role"], "content": _plain(fields["content"])}
    for name in ("tool_calls", "tool_call_id", "name"):
        if fields.get(name):
            plain[name] = fields[name]
    return plain


def _plain(content: Any) -> Any:
    """Parts of OpenAI's Responses as those of its chat completions."""
    if not isinstance(content, list):
        return content
    parts = []
    for part in content:
        kind = part.get("type")
        if kind in {"input_text", "output_text"}:
            parts.append({"type": "text", "text": part["text"]})
        elif kind == "input_image" and isinstance(part.get("image_url"), str):
            parts.append({"type": "image_url", "image_url": {"url": part["image_url"]}})
        else:
            parts.append(part)
    return parts


def image_of(part: dict[str, Any]) -> tuple[str, str | None] | None:
    """The image of a part: its base64 and media type, or its address and None.

    None when the part holds no image.
    """
    image = part.get("image_url")
    if part.get("type") != "image_url" or not isinstance(image, dict):
        return None
    prefix, is_data, data = image["url"].partition(";base64,")
    return (data, prefix.removeprefix("data:")) if is_data else (image["url"], None)


def usable_id(given: Any) -> str | None:
    """The id of a framework's message, unless Gatewayz takes no such `client_id`."""
    return given if isinstance(given, str) and 0 < len(given) <= MAX_CHARS else None


def text_of(content: Any) -> str:
    """The text of a content."""
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(text for text in texts if isinstance(text, str))
    return content or ""
