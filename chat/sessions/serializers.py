"""Request and response bodies of sessions."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.messages.content import is_visible
from chat.messages.serializers import ANY_JSON, MAX_BATCH, StorableJsonField, other_fields
from chat.models import MAX_TAG_CHARS, ChatSession
from gatewayz.api.paging import PageInput
from gatewayz.api.serializing import (
    MAX_ID,
    BoundedListField,
    IdField,
    IdFilter,
    IndexedList,
    SparseSerializer,
    TextField,
    represented,
)

MAX_TAGS = 50
MAX_METADATA_BYTES = 16_384

# Fields of answers that only the service sets; in a body they are ignored.
OF_THE_SERVICE = frozenset(
    {
        *("id", "user_id", "is_active", "created_at", "updated_at", "deleted_at", "version"),
        *("messages", "has_more_messages", "current_message_id", "is_pinned", "is_archived"),
    }
)


class TitleField(TextField):
    """A visible title; one of invisible characters counts as absent."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        title = super().run_validation(data)
        return title if isinstance(title, str) and is_visible(title) else None


class VisibleField(TextField):
    """A name that people look for. One of invisible characters counts as blank."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text = super().run_validation(data)
        if text is not None and not is_visible(text):
            self.fail("blank")
        return text


class SessionFields(SparseSerializer):
    """Fields of a session that a client may set. Unknown fields are kept."""

    keeps_unknown_fields = True

    title = TitleField(max_length=255, required=False, allow_null=True, allow_blank=True)
    model = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)
    external_id = IdField(
        required=False,
        allow_null=True,
        help_text="Your own id of the session. Creating one that exists returns the existing one.",
    )
    end_user_id = IdField(
        required=False,
        allow_null=True,
        help_text="The person among your product's users to whom it belongs.",
    )
    metadata = StorableJsonField(required=False, allow_null=True, max_bytes=MAX_METADATA_BYTES)
    tags = BoundedListField(
        child=VisibleField(max_length=MAX_TAG_CHARS),
        required=False,
        allow_null=True,
        max_length=MAX_TAGS,
    )
    folder = VisibleField(max_length=255, required=False, allow_null=True)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When it is deleted for good automatically."
    )

    def validate_tags(self, tags: list[str] | None) -> list[str]:
        return list(dict.fromkeys(tags or []))

    def validate_expires_at(self, expires_at: datetime | None) -> datetime | None:
        if expires_at is not None and expires_at <= timezone.now():
            raise serializers.ValidationError("This must be in the future.")
        return expires_at

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values: dict[str, Any] = super().to_internal_value(data)
        if others := other_fields(data, self.fields, OF_THE_SERVICE):
            values["others"] = others
        return values


class SessionInput(SessionFields):
    """A new session."""


class SessionChange(SessionFields):
    """A change to a session. Absent fields stay unchanged, and so does a null title or model."""

    is_pinned = serializers.BooleanField(required=False, allow_null=True)
    is_archived = serializers.BooleanField(required=False, allow_null=True)
    current_message_id = serializers.IntegerField(
        min_value=1,
        max_value=MAX_ID,
        required=False,
        allow_null=True,
        help_text="The last message of the branch to show and to continue.",
    )


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
    title = TitleField(max_length=255, required=False, allow_null=True, allow_blank=True)


class SessionPageInput(PageInput):
    cursor = serializers.CharField(max_length=64, required=False)
    # Absent or null: no filter.
    pinned = serializers.BooleanField(allow_null=True, default=None)
    archived = serializers.BooleanField(allow_null=True, default=None)
    deleted = serializers.BooleanField(default=False)
    external_id = IdFilter(required=False)
    end_user_id = IdFilter(required=False)
    tag = serializers.CharField(max_length=MAX_TAG_CHARS, required=False)
    folder = serializers.CharField(max_length=255, required=False)
    order = serializers.ChoiceField(
        choices=["updated", "created"],
        default="updated",
        help_text="`created`: the oldest first, so that a cursor meets each session once.",
    )


class EndUserInput(serializers.Serializer):
    end_user_id = IdFilter()


class ChosenEndUserInput(serializers.Serializer):
    end_user_id = IdFilter(required=False, help_text="Only the chats of this person.")


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class _PlainList(serializers.ReadOnlyField):
    """A list whose items need no conversion to JSON."""


@extend_schema_field(ANY_JSON)
class _PlainJson(serializers.ReadOnlyField):
    """JSON as it is."""


class SessionSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    end_user_id = serializers.CharField(allow_null=True)
    folder = serializers.CharField(allow_null=True)
    tags = _PlainList()
    metadata = _PlainJson(allow_null=True)

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
            "external_id",
            "end_user_id",
            "metadata",
            "tags",
            "folder",
            "deleted_at",
            "expires_at",
        ]


def represented_session(session: ChatSession) -> dict[str, Any]:
    """The JSON of a session, with the unknown fields that its client sent."""
    shown = represented(SessionSerializer, session)
    return {**session.extra, **shown} if session.extra else shown
