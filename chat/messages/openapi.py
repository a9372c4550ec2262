"""Messages in OpenAPI: a description for each view, which stands above it."""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from chat.messages.serializers import (
    BranchedPageInput,
    MessageBatchInput,
    MessageChange,
    MessageInput,
    MessageSerializer,
    TruncationInput,
)
from gatewayz.api.openapi import describe, described

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


messages = describe(
    get=described(
        "Read a page of a session's messages, oldest first",
        name="listMessages",
        query=BranchedPageInput,
        answer=MessageSerializer(many=True),
        example=[MESSAGE_EXAMPLE],
        beside={"has_more_messages": serializers.BooleanField()},
        example_beside={"has_more_messages": False},
    ),
    delete=described(
        "Delete all messages that follow one",
        name="truncateMessages",
        query=TruncationInput,
        answer=inline_serializer(
            "DeletedMessageCount", {"deleted_count": serializers.IntegerField()}
        ),
        example={"deleted_count": 2},
    ),
    post=described(
        "Append a message, or replace the one with its `client_id`",
        name="appendMessage",
        request=MessageInput,
        request_example=NEW_MESSAGE_EXAMPLE,
        answer=MessageSerializer(),
        example=MESSAGE_EXAMPLE,
        status=201,
        repeated_status=200,
        idempotent=True,
    ),
)
message = describe(
    get=described(
        "Read a message",
        name="readMessage",
        answer=MessageSerializer(),
        example=MESSAGE_EXAMPLE,
        problems=(401, 404),
    ),
    **{
        method: described(
            "Change a message; absent: unchanged",
            name=f"{verb}Message",
            request=MessageChange,
            request_example={"content": "It is warm on", "status": "in_progress", "revision": 2},
            answer=MessageSerializer(),
            example=MESSAGE_EXAMPLE,
            problems=(400, 401, 404, 409),
        )
        for method, verb in (("put", "update"), ("patch", "patch"))
    },
    delete=described(
        "Delete a message; those that follow it then follow what it followed",
        name="deleteMessage",
        problems=(401, 404),
    ),
)
message_batch = describe(
    post=described(
        "Append up to 500 messages, or none",
        name="appendMessages",
        request=MessageBatchInput,
        request_example={"messages": [NEW_MESSAGE_EXAMPLE]},
        answer=SavedMessages(),
        example={
            "saved": [{"success": True, "message_id": 99, "data": MESSAGE_EXAMPLE}],
            "failed": [],
            "total": 1,
            "success_count": 1,
            "failure_count": 0,
        },
        status=201,
        idempotent=True,
    )
)
