"""The JSON of sessions and messages, as clients send and get it."""

from rest_framework import serializers

from chat.models import ChatMessage, ChatSession

MAX_PAGE = 100
MAX_MESSAGES = 1000


class SessionInput(serializers.Serializer):
    title = serializers.CharField(
        max_length=255, required=False, allow_null=True, allow_blank=True
    )
    model = serializers.CharField(
        max_length=255, required=False, allow_null=True, allow_blank=True
    )


class SessionPageInput(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=50)
    offset = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    cursor = serializers.CharField(max_length=64, required=False)


class MessagePageInput(serializers.Serializer):
    message_limit = serializers.IntegerField(min_value=1, max_value=MAX_MESSAGES, default=200)
    before = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    after = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class SessionSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField()

    class Meta:
        model = ChatSession
        fields = ["id", "user_id", "title", "model", "is_active", "created_at", "updated_at"]


class MessageSerializer(serializers.ModelSerializer):
    session_id = serializers.IntegerField()
    content = serializers.ReadOnlyField(source="given_content")

    class Meta:
        model = ChatMessage
        fields = [
            "id",
            "session_id",
            "role",
            "content",
            "model",
            "tokens",
            "reasoning",
            "metadata",
            "created_at",
        ]
