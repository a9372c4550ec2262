"""The JSON of messages, as clients send and get it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.messages.content import UnstorableJsonError, check_storable
from chat.models import ChatMessage
from gatewayz.api.serializing import MAX_ID, IndexedList, TextField

MAX_MESSAGES = 1000


MAX_BATCH = 500

# How far ahead the clock of a client may be.
MAX_AHEAD = timedelta(days=1)
_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@extend_schema_field({"type": ["object", "array", "string", "number", "boolean"]})
class StorableJsonField(serializers.JSONField):
    """JSON that comes back as it was given."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            check_storable(data)
        except UnstorableJsonError as exc:
            raise serializers.ValidationError(str(exc)) from exc
        return super().to_internal_value(data)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        ]
    }
)
class ContentField(StorableJsonField):
    """A string or a list of parts, kept as given: nothing is trimmed or put in order."""

    default_error_messages = {"content": "This must be a string or a list of parts (objects)."}

    def to_internal_value(self, data: Any) -> Any:
        is_parts = isinstance(data, list) and all(isinstance(part, dict) for part in data)
        if not isinstance(data, str) and not is_parts:
            self.fail("content")
        return super().to_internal_value(data)


class CreationTimeField(serializers.DateTimeField):
    """When something was created, by the clock of its client: from 1970 to MAX_AHEAD from now.

    The days of `chat.daily_counts` are read by ranges of pages, each known by the earliest and
    latest time in it. A single time in the far future puts all days until then in its range.
    """

    default_error_messages = {"range": "This must lie between 1970 and a day from now."}

    def to_internal_value(self, value: Any) -> datetime:
        time: datetime = super().to_internal_value(value)
        if not _FIRST_TIME <= time <= timezone.now() + MAX_AHEAD:
            self.fail("range")
        return time


class MessageInput(serializers.Serializer):
    role = serializers.ChoiceField(choices=ChatMessage.Role.choices)
    content = ContentField()
    model = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)
    tokens = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, allow_null=True
    )
    reasoning = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False
    )
    metadata = StorableJsonField(required=False, allow_null=True)
    created_at = CreationTimeField(required=False, allow_null=True)


class MessageBatchInput(serializers.Serializer):
    messages = IndexedList(child=MessageInput(), allow_empty=False, max_length=MAX_BATCH)


class MessagePageInput(serializers.Serializer):
    message_limit = serializers.IntegerField(min_value=1, max_value=MAX_MESSAGES, default=200)
    before = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    after = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class MessageSerializer(serializers.ModelSerializer):
    session_id = serializers.IntegerField()
    content = ContentField(source="given_content", read_only=True)
    metadata = StorableJsonField(allow_null=True)

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
