"""OpenAPI descriptions of conversations, applied to the views as decorators."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
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
from gatewayz.api.openapi import (
    IDEMPOTENCY_KEY,
    Described,
    Problem,
    describe,
    problem_answers,
)

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
    summary: str,
    *,
    name: str,
    answer: Any,
    example: Mapping[str, Any],
    request: Any = None,
    request_example: Mapping[str, Any] | None = None,
    query: type[serializers.Serializer] | None = None,
    problems: Sequence[int] = (),
    idempotent: bool = False,
) -> Described:
    """Describe a method whose answer has no envelope; the arguments are those of `described`."""
    examples = [OpenApiExample("Answer", example, response_only=True, status_codes=["200"])]
    if request_example:
        examples.append(OpenApiExample("Request", request_example, request_only=True))
    return extend_schema(
        operation_id=name,
        summary=summary,
        request=request,
        parameters=[*([query] if query else []), *([IDEMPOTENCY_KEY] if idempotent else [])],
        responses={
            (200, "application/json"): answer,
            **problem_answers(problems, ConversationProblem),
        },
        examples=examples,
    )


conversations = describe(
    post=_shaped(
        "Create a conversation, with items",
        name="createConversation",
        request=ConversationInput,
        request_example={**_NEW_ITEMS, "metadata": {"topic": "holidays"}},
        answer=Conversation,
        example=_CONVERSATION,
        idempotent=True,
    )
)
conversation = describe(
    get=_shaped(
        "Read a conversation",
        name="readConversation",
        answer=Conversation,
        example=_CONVERSATION,
    ),
    post=_shaped(
        "Change the metadata of a conversation",
        name="updateConversation",
        request=ConversationChange,
        request_example={"metadata": {"topic": "holidays"}},
        answer=Conversation,
        example=_CONVERSATION,
        problems=(409,),
    ),
    delete=_shaped(
        "Delete a conversation",
        name="deleteConversation",
        answer=DeletedConversation,
        example={"id": "conv_17", "object": "conversation.deleted", "deleted": True},
    ),
)
items = describe(
    get=_shaped(
        "List the items of a conversation",
        name="listItems",
        query=ItemPageInput,
        answer=Items,
        example=_ITEMS,
    ),
    post=_shaped(
        f"Add up to {MAX_ITEMS} items, or none; one with a known id replaces that one",
        name="appendItems",
        request=ItemsInput,
        request_example=_NEW_ITEMS,
        answer=Items,
        example=_ITEMS,
        idempotent=True,
    ),
)
item = describe(
    get=_shaped(
        "Read an item",
        name="readItem",
        answer=ITEM_SCHEMA,
        example=_MESSAGE,
    ),
    delete=_shaped(
        "Delete an item",
        name="deleteItem",
        answer=Conversation,
        example=_CONVERSATION,
    ),
)
