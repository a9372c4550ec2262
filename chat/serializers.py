"""The JSON of sessions and messages, as clients send and get it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.message_content import UnstorableJsonError, check_storable
from chat.models import ChatMessage, ChatSession
from chat.search import MAX_QUERY, Match
from gatewayz.paging import MAX_PAGE, PageInput
from gatewayz.serializing import BoundedListField, TextField, represented

MAX_MESSAGES = 1000
MAX_BATCH = 500
MAX_IMPORT = 5_000
MAX_ID = 2**63 - 1

# How far ahead the clock of a client may be.
MAX_AHEAD = timedelta(days=1)
_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class SessionInput(serializers.Serializer):
    title = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)
    model = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)


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


class IndexedList(serializers.ListSerializer):
    """A list whose errors stand under the index of the item: `{"2": {"role": […]}}`."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as exc:
            if isinstance(exc.detail, dict):  # the list itself is wrong
                raise
            errors: Any = {str(index): item for index, item in enumerate(exc.detail) if item}
            raise serializers.ValidationError(errors) from exc


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


class SessionChange(SessionInput):
    is_pinned = serializers.BooleanField(required=False, allow_null=True)
    is_archived = serializers.BooleanField(required=False, allow_null=True)


class SessionBatchInput(serializers.Serializer):
    sessions = IndexedList(child=SessionInput(), allow_empty=False, max_length=MAX_BATCH)


class SessionIdsInput(serializers.Serializer):
    ids = BoundedListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        allow_empty=False,
        max_length=MAX_BATCH,
    )


class ForkInput(serializers.Serializer):
    message_id = serializers.IntegerField(
        min_value=1, max_value=MAX_ID, required=False, allow_null=True
    )
    title = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)


class ExportInput(serializers.Serializer):
    format = serializers.ChoiceField(choices=["json", "markdown", "openai"], default="json")


class ChatInput(SessionInput):
    """What an export in JSON holds, and in the form of OpenAI's `messages`."""

    created_at = CreationTimeField(required=False, allow_null=True)
    messages = IndexedList(child=MessageInput(), max_length=MAX_IMPORT)


class MessageBatchInput(serializers.Serializer):
    messages = IndexedList(child=MessageInput(), allow_empty=False, max_length=MAX_BATCH)


class SearchInput(serializers.Serializer):
    query = serializers.CharField(max_length=MAX_QUERY, trim_whitespace=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=20)


class SessionPageInput(PageInput):
    cursor = serializers.CharField(max_length=64, required=False)
    # Absent or null: either.
    pinned = serializers.BooleanField(allow_null=True, default=None)
    archived = serializers.BooleanField(allow_null=True, default=None)
    deleted = serializers.BooleanField(default=False)


class MessagePageInput(serializers.Serializer):
    message_limit = serializers.IntegerField(min_value=1, max_value=MAX_MESSAGES, default=200)
    before = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    after = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class SessionSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField()

    class Meta:
        model = ChatSession
        fields = [
            "id",
            "user_id",
            "title",
            "model",
            "is_active",
            "is_pinned",
            "is_archived",
            "created_at",
            "updated_at",
        ]


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


class MatchSerializer(SessionSerializer):
    message_id = serializers.IntegerField(allow_null=True)
    rank = serializers.FloatField()
    snippet = serializers.CharField(help_text="Safe HTML; what was found is in <mark>.")

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "message_id", "rank", "snippet"]

    def to_representation(self, match: Match) -> dict[str, Any]:
        return {
            **represented(SessionSerializer, match.session),
            "message_id": match.message_id,
            "rank": match.rank,
            "snippet": match.snippet,
        }
