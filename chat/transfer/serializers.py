"""Request bodies of exports and imports."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.messages.serializers import CreationTimeField, MessageInput
from chat.sessions.serializers import SessionInput
from gatewayz.api.serializing import IndexedList

MAX_IMPORT = 5_000


@extend_schema_field({"type": ["integer", "string"]})
class ReferenceField(serializers.Field):
    """An id that has a meaning within one export only."""

    default_error_messages = {"invalid": "This must be a number or a string."}

    def to_internal_value(self, data: Any) -> int | str:
        if isinstance(data, bool) or not isinstance(data, (int, str)):
            self.fail("invalid")
        return data


class ExportInput(serializers.Serializer):
    format = serializers.ChoiceField(choices=["json", "markdown", "openai"], default="json")


class ImportedMessageInput(MessageInput):
    """A message of an export. `id` is what `parent_id` of others and `current_message_id` mean."""

    created_at = CreationTimeField(  # type: ignore[assignment]
        required=False, allow_null=True
    )
    id = ReferenceField(required=False, allow_null=True)
    parent_id = ReferenceField(  # type: ignore[assignment]
        required=False, allow_null=True
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        reference = data.get("id") if isinstance(data, dict) else None
        values = super().to_internal_value(data)
        if isinstance(reference, str):
            values["id"] = reference
        return values


class ChatInput(SessionInput):
    """A JSON export, or an object in the form of OpenAI's `messages`."""

    created_at = CreationTimeField(required=False, allow_null=True)
    updated_at = CreationTimeField(required=False, allow_null=True)
    is_pinned = serializers.BooleanField(required=False, allow_null=True)
    is_archived = serializers.BooleanField(required=False, allow_null=True)
    current_message_id = ReferenceField(required=False, allow_null=True)
    messages = IndexedList(child=ImportedMessageInput(), max_length=MAX_IMPORT)

    def validate(self, chat: dict[str, Any]) -> dict[str, Any]:
        """Put places in `messages` in the stead of ids."""
        places: dict[int | str, int] = {}
        for place, message in enumerate(chat["messages"]):
            parent = message.pop("parent_id", None)
            if parent == 0:
                message["parent_id"] = 0
            elif parent is not None:
                if parent not in places:
                    text = "No message before this one has this id."
                    raise serializers.ValidationError(
                        {"messages": {str(place): {"parent_id": [text]}}}
                    )
                message["parent_place"] = places[parent]
            reference = message.pop("id", None)
            if reference is not None:
                places[reference] = place
        current = chat.pop("current_message_id", None)
        if current in places:
            chat["current_place"] = places[current]
        return chat
