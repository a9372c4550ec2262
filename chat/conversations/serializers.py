"""Request and response bodies of conversations, in the shape of OpenAI's API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.conversations.items import ITEM_SCHEMA, ItemField
from chat.messages.serializers import StorableJsonField
from chat.models import ChatSession
from chat.sessions.serializers import SessionFields
from gatewayz.api.paging import MAX_PAGE
from gatewayz.api.serializing import BoundedListField

# The limits of OpenAI's API.
MAX_ITEMS = 20
MAX_PAIRS = 16
MAX_NAME_CHARS = 64
MAX_VALUE_CHARS = 512


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": MAX_PAIRS,
        "propertyNames": {"maxLength": MAX_NAME_CHARS},
        "additionalProperties": {"type": "string", "maxLength": MAX_VALUE_CHARS},
    }
)
class MetadataField(StorableJsonField):
    """Pairs of strings, within OpenAI's limits."""

    default_error_messages = {
        "pairs": f"This must be an object with at most {MAX_PAIRS} names, of at most "
        f"{MAX_NAME_CHARS} characters, and strings of at most {MAX_VALUE_CHARS} characters."
    }

    def to_internal_value(self, data: Any) -> Any:
        if (
            not isinstance(data, dict)
            or len(data) > MAX_PAIRS
            or any(len(name) > MAX_NAME_CHARS for name in data)
            or any(
                not isinstance(value, str) or len(value) > MAX_VALUE_CHARS
                for value in data.values()
            )
        ):
            self.fail("pairs")
        return super().to_internal_value(data)


class ConversationChange(SessionFields):
    """Absent fields stay unchanged. Also takes fields of sessions that OpenAI does not have."""

    metadata = MetadataField(required=False, allow_null=True)

    def validate_metadata(self, metadata: Any) -> Any:
        # The field's own limits apply, which allow more than those of other sessions.
        return metadata or None


class ConversationInput(ConversationChange):
    """A new conversation."""

    items = BoundedListField(
        child=ItemField(), max_length=MAX_ITEMS, required=False, allow_null=True
    )


class ItemsInput(serializers.Serializer):
    items = BoundedListField(child=ItemField(), max_length=MAX_ITEMS, allow_empty=False)


class ItemPageInput(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=20)
    order = serializers.ChoiceField(choices=["asc", "desc"], default="desc")
    after = serializers.CharField(
        max_length=255, required=False, help_text="The id of the last item of the page before."
    )


class Conversation(serializers.Serializer):
    id = serializers.CharField(help_text="`conv_` and the id of the session.")
    object = serializers.CharField()
    created_at = serializers.IntegerField(help_text="Seconds since 1970.")
    metadata = serializers.JSONField()


class DeletedConversation(serializers.Serializer):
    id = serializers.CharField()
    object = serializers.CharField()
    deleted = serializers.BooleanField()


@extend_schema_field(ITEM_SCHEMA)
class _Item(serializers.ReadOnlyField):
    """An item as it is."""


class Items(serializers.Serializer):
    object = serializers.CharField()
    data = serializers.ListField(child=_Item())  # type: ignore[assignment]
    first_id = serializers.CharField(allow_null=True)
    last_id = serializers.CharField(allow_null=True)
    has_more = serializers.BooleanField()


def conversation_of(session: ChatSession) -> dict[str, Any]:
    """A session as a Conversation."""
    return {
        "id": f"conv_{session.pk}",
        "object": "conversation",
        "created_at": int(session.created_at.timestamp()),
        "metadata": {} if session.metadata is None else session.metadata,
    }


def listed(items: list[dict[str, Any]], *, has_more: bool = False) -> dict[str, Any]:
    """`items` as Items."""
    return {
        "object": "list",
        "data": items,
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
        "has_more": has_more,
    }
