"""Messages in OpenAPI: a description for each view, which stands above it."""

from rest_framework import serializers

from chat.messages.serializers import MessageBatchInput, MessageInput, MessageSerializer
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
    post=described(
        "Append a message",
        name="appendMessage",
        request=MessageInput,
        request_example=NEW_MESSAGE_EXAMPLE,
        answer=MessageSerializer(),
        example=MESSAGE_EXAMPLE,
        status=201,
        idempotent=True,
    )
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
