"""OpenAPI descriptions of conversations, applied to the views as decorators."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from chat.conversations.items import ITEM_SCHEMA
from chat.conversations.serializers import (
    MAX_ITEMS,
    Conversation,
    ConversationChange,
    ConversationInput,
    DeletedConversation,
    ItemPageInput,
    Items,
    ItemsInput,
)
from gatewayz.api.openapi import Described, Problem, Shape, operation, problem_answers

_MESSAGE = {
    "id": "msg_9f0d",
    "type": "message",
    "role": "user",
    "status": "completed",
    "content": [{"type": "input_text", "text": "Where is it warm in March?"}],
}
_CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}
_CONVERSATION = {
    "id": "conv_17",
    "object": "conversation",
    "created_at": 1772366400,
    "metadata": {"topic": "holidays"},
}
_ITEMS = {
    "object": "list",
    "data": [_MESSAGE, {**_CALL, "id": "item_3b1c"}],
    "first_id": "msg_9f0d",
    "last_id": "item_3b1c",
    "has_more": False,
}
_NEW_ITEMS = {"items": [{"role": "user", "content": "Where is it warm in March?"}, _CALL]}


class OpenAIError(serializers.Serializer):
    message = serializers.CharField()
    type = serializers.CharField()
    code = serializers.CharField()
    param = serializers.CharField(allow_null=True)


class ConversationProblem(Problem):
    """An error, as defined in RFC 9457 and, in `error`, as OpenAI's clients read it."""

    error = OpenAIError()


def _shaped(
    summary: str, *, answer: Shape, problems: Sequence[int] = (), **options: Any
) -> Described:
    """Describe a method whose answer has no envelope; the arguments are those of `described`."""
    example = OpenApiExample("Answer", answer.example, response_only=True, status_codes=["200"])
    return operation(
        summary,
        responses={(200, "application/json"): answer.described_by},
        examples=[example],
        problems=problem_answers(problems, ConversationProblem),
        **options,
    )


create_conversation = _shaped(
    "Create a conversation, with items",
    name="createConversation",
    request=Shape(ConversationInput, {**_NEW_ITEMS, "metadata": {"topic": "holidays"}}),
    answer=Shape(Conversation, _CONVERSATION),
    idempotent=True,
)
read_conversation = _shaped(
    "Read a conversation", name="readConversation", answer=Shape(Conversation, _CONVERSATION)
)
update_conversation = _shaped(
    "Change the metadata of a conversation",
    name="updateConversation",
    request=Shape(ConversationChange, {"metadata": {"topic": "holidays"}}),
    answer=Shape(Conversation, _CONVERSATION),
    problems=(409,),
)
delete_conversation = _shaped(
    "Delete a conversation",
    name="deleteConversation",
    answer=Shape(
        DeletedConversation,
        {"id": "conv_17", "object": "conversation.deleted", "deleted": True},
    ),
)
list_items = _shaped(
    "List the items of a conversation",
    name="listItems",
    query=ItemPageInput,
    answer=Shape(Items, _ITEMS),
)
append_items = _shaped(
    f"Add up to {MAX_ITEMS} items, or none; one with a known id replaces that one",
    name="appendItems",
    request=Shape(ItemsInput, _NEW_ITEMS),
    answer=Shape(Items, _ITEMS),
    idempotent=True,
)
read_item = _shaped("Read an item", name="readItem", answer=Shape(ITEM_SCHEMA, _MESSAGE))
delete_item = _shaped(
    "Delete an item", name="deleteItem", answer=Shape(Conversation, _CONVERSATION)
)
