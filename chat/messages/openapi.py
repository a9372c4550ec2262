"""OpenAPI descriptions of messages, applied to the views as decorators."""

from functools import partial
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, inline_serializer
from rest_framework import serializers

from chat.messages.serializers import (
    BranchedPageInput,
    MessageBatchInput,
    MessageChange,
    MessageInput,
    MessageSerializer,
    TruncationInput,
)
from gatewayz.api.openapi import OPTIONAL, Shape, described

TIME_EXAMPLE = "2026-03-01T12:00:00.123456Z"
NEW_MESSAGE_EXAMPLE = {"role": "user", "content": "Where is it warm in March?"}
MESSAGE_EXAMPLE = {
    "id": 99,
    "session_id": 17,
    **NEW_MESSAGE_EXAMPLE,
    "model": "",
    "tokens": 0,
    "reasoning": None,
    "metadata": None,
    "created_at": TIME_EXAMPLE,
    "client_id": None,
    "parent_id": None,
    "position": 99,
    "status": "completed",
    "revision": 0,
    "edited": False,
    "updated_at": None,
}


# Fields of many providers' messages that have no column: any JSON, kept as given. An answer has
# those that were given.
PROVIDERS_FIELDS = {
    "name": "The name of its author, or of the function whose result it is.",
    "tool_calls": "Calls of tools that an assistant makes.",
    "tool_call_id": "The call that a message of the role `tool` answers.",
    "refusal": "The text in which an assistant refuses.",
    "annotations": "Citations and other notes on the content.",
    "usage": "Tokens that the answer took, as its provider counts them.",
    "finish_reason": "Why the answer ended.",
}


class _KeepsUnknownFields(OpenApiSerializerExtension):
    """Describes that messages keep fields that are not named here."""

    target_class = "chat.messages.serializers.MessageFields"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        schema["properties"] |= {
            name: {"description": text, OPTIONAL: True} for name, text in PROVIDERS_FIELDS.items()
        }
        return {**schema, "additionalProperties": {}}


class _HasUnknownFields(_KeepsUnknownFields):
    target_class = "chat.messages.serializers.MessageSerializer"


class SavedMessage(serializers.Serializer):
    success = serializers.BooleanField()
    message_id = serializers.IntegerField()
    data = MessageSerializer()  # type: ignore[assignment]


class SavedMessages(serializers.Serializer):
    saved = SavedMessage(many=True)
    failed = serializers.ListField(child=serializers.JSONField())
    total = serializers.IntegerField()
    success_count = serializers.IntegerField()
    failure_count = serializers.IntegerField()


list_messages = described(
    "Read a page of a session's messages, oldest first",
    name="listMessages",
    query=BranchedPageInput,
    answer=Shape(MessageSerializer(many=True), [MESSAGE_EXAMPLE]),
    beside={"has_more_messages": Shape(serializers.BooleanField, False)},
)
truncate_messages = described(
    "Delete all messages that follow one",
    name="truncateMessages",
    query=TruncationInput,
    answer=Shape(
        inline_serializer("DeletedMessageCount", {"deleted_count": serializers.IntegerField()}),
        {"deleted_count": 2},
    ),
)
append_message = described(
    "Append a message, or replace the one with its `client_id`",
    name="appendMessage",
    request=Shape(MessageInput, NEW_MESSAGE_EXAMPLE),
    answer=Shape(MessageSerializer, MESSAGE_EXAMPLE),
    status=201,
    repeated_status=200,
    idempotent=True,
)
read_message = described(
    "Read a message", name="readMessage", answer=Shape(MessageSerializer, MESSAGE_EXAMPLE)
)
_change_message = partial(
    described,
    "Change a message; absent: unchanged",
    request=Shape(
        MessageChange, {"content": "It is warm on", "status": "in_progress", "revision": 2}
    ),
    answer=Shape(MessageSerializer, MESSAGE_EXAMPLE),
    problems=(409,),
)
update_message = _change_message(name="updateMessage")
patch_message = _change_message(name="patchMessage")
delete_message = described(
    "Delete a message; those that follow it then follow what it followed", name="deleteMessage"
)
append_messages = described(
    "Append up to 500 messages, or none",
    name="appendMessages",
    request=Shape(MessageBatchInput, {"messages": [NEW_MESSAGE_EXAMPLE]}),
    answer=Shape(
        SavedMessages,
        {
            "saved": [{"success": True, "message_id": 99, "data": MESSAGE_EXAMPLE}],
            "failed": [],
            "total": 1,
            "success_count": 1,
            "failure_count": 0,
        },
    ),
    status=201,
    idempotent=True,
)
