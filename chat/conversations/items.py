"""Items of OpenAI's Responses API, kept as messages.

An item of the type `message` is a message. Any other item (a function call, its output,
reasoning) is kept as a whole in the field RAW of a message without content, and returned as given.
"""

import re
from typing import Any
from uuid import uuid4

from django.db.models import F, Q
from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.principals.principal import Principal
from chat.messages.read import within_bytes
from chat.messages.serializers import MessageInput
from chat.models import ChatMessage, ChatMessageQuerySet, ChatSession

RAW = "response_item"

# The Agents SDK gives this id to each item that the model did not name.
_NO_ID = "__fake_id__"
# The id of a message that was appended by another route, without a `client_id`.
ROW_ID = re.compile(r"msg_([0-9]{1,18})")

ITEM_SCHEMA = {
    "type": "object",
    "required": ["id", "type"],
    "properties": {"id": {"type": "string"}, "type": {"type": "string"}},
    "additionalProperties": True,
}


@extend_schema_field({**ITEM_SCHEMA, "required": []})
class ItemField(serializers.Field):
    """An item, converted to a NewMessage. One without an id gets one."""

    default_error_messages = {
        "object": "This must be an object.",
        "id": "An id must be a string.",
        "reference": "References to items are not supported: send the item.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("object")
        kind = data.get("type") or "message"
        if kind == "item_reference":
            self.fail("reference")
        given_id = data.get("id")
        if given_id is not None and not isinstance(given_id, str):
            self.fail("id")
        is_message = kind == "message"
        if not given_id or given_id == _NO_ID:
            given_id = f"{'msg' if is_message else 'item'}_{uuid4().hex}"
        item = {**data, "id": given_id}
        message: dict[str, Any] = _new_message.run_validation(
            item if is_message else _around(item)
        )
        return message


_new_message = MessageInput()


def _around(item: dict[str, Any]) -> dict[str, Any]:
    """The message in which an item without a role is kept."""
    is_output = str(item["type"]).endswith("_output")
    role = ChatMessage.Role.TOOL if is_output else ChatMessage.Role.ASSISTANT
    return {"role": role, "content": None, "id": item["id"], RAW: item}


def item_of(message: ChatMessage) -> dict[str, Any]:
    """A message as an item; an item that was kept as a whole is returned so."""
    others = message.other_fields
    item_id = message.client_id or f"msg_{message.pk}"
    raw = others.get(RAW)
    if isinstance(raw, dict):
        return {**raw, "id": item_id}
    is_failed = message.status == ChatMessage.Status.FAILED
    item = {
        "id": item_id,
        "type": "message",
        "role": message.role,
        "status": ChatMessage.Status.INCOMPLETE if is_failed else message.status,
        "content": _parts_of(message),
    }
    return {**others, **item}


def _parts_of(message: ChatMessage) -> Any:
    content = message.given_content
    if not isinstance(content, str):
        return content or []
    if message.role == ChatMessage.Role.ASSISTANT:
        return [{"type": "output_text", "text": content, "annotations": []}]
    return [{"type": "input_text", "text": content}]


def find_item(owner: Principal, session_id: int, item_id: str) -> ChatMessage:
    """The message of `owner` that is the item `item_id`, with its session. Raises Http404."""
    owned = ChatMessage.objects.owned_by(owner).select_related("session")
    return _find(owned.filter(session_id=session_id), item_id)


def _find(messages: ChatMessageQuerySet, item_id: str) -> ChatMessage:
    if not item_id.isprintable():
        raise Http404
    named = Q(client_id=item_id)
    if row := ROW_ID.fullmatch(item_id):
        named |= Q(pk=int(row[1]), client_id=None)
    found = messages.filter(named).order_by(F("client_id").asc(nulls_last=True)).first()
    if found is None:
        raise Http404
    return found


def page_of_items(
    session: ChatSession, *, limit: int, order: str, after: str | None = None
) -> tuple[list[ChatMessage], bool]:
    """At most `limit` messages of the current branch in `order` (`asc` or `desc`).

    They start after the item `after`. One statement, two with `after`. Returns them and whether
    there are more. Raises Http404 when there is no such item.
    """
    messages = ChatMessageQuerySet(ChatMessage).of(session)
    listed = messages.current().in_order()
    is_ascending = order == "asc"
    if after is not None:
        last_id = _find(messages, after).pk
        listed = listed.after(last_id) if is_ascending else listed.before(last_id)
    found = list(within_bytes(listed if is_ascending else listed.reverse(), limit + 1))
    page = found[:limit]
    return page, bool(found) and found[0].available > len(page)
