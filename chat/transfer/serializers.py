"""Request bodies of exports and imports."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.messages.serializers import CreationTimeField, MessageInput
from chat.models import ChatImport
from chat.sessions.serializers import ChosenEndUserInput, SessionInput
from gatewayz.api.serializing import IndexedList

# How many messages one conversation may have.
MAX_IMPORT = 50_000


@extend_schema_field({"type": ["integer", "string"]})
class ReferenceField(serializers.Field):
    """An id that is meaningful only within one export."""

    default_error_messages = {"invalid": "This must be a number or a string."}

    def to_internal_value(self, data: Any) -> int | str:
        if isinstance(data, bool) or not isinstance(data, (int, str)):
            self.fail("invalid")
        return data


class ExportInput(serializers.Serializer):
    format = serializers.ChoiceField(
        choices=["json", "ndjson", "zip", "markdown", "html", "openai"], default="json"
    )


class ExportAllInput(ChosenEndUserInput):
    format = serializers.ChoiceField(
        choices=["ndjson", "json", "zip", "markdown", "html"], default="ndjson"
    )


class ImportedMessageInput(MessageInput):
    """A message of an export. `parent_id` and `current_message_id` refer to its `id`."""

    created_at = CreationTimeField(  # type: ignore[assignment]
        required=False, allow_null=True
    )
    id = ReferenceField(required=False, allow_null=True)
    parent_id = ReferenceField(  # type: ignore[assignment]
        required=False, allow_null=True
    )

    updated_at = CreationTimeField(required=False, allow_null=True)
    edited = serializers.BooleanField(required=False, allow_null=True)

    fixed = MessageInput.fixed - {"updated_at", "edited"}

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
        """Replace ids by places in `messages`, and fill in missing times."""
        places: dict[int | str, int] = {}
        for place, message in enumerate(chat["messages"]):
            parent = message.pop("parent_id", None)
            if parent == 0:
                message["parent_id"] = 0
            elif parent is not None:
                if parent not in places:
                    raise _message_error(
                        place, parent_id="No message before this one has this id."
                    )
                message["parent_place"] = places[parent]
            reference = message.pop("id", None)
            if reference is not None:
                if reference in places:
                    raise _message_error(place, id="A message before this one has this id.")
                places[reference] = place
        current = chat.pop("current_message_id", None)
        if current in places:
            chat["current_place"] = places[current]
        _fill_times(chat)
        return chat


def _message_error(place: int, **errors: str) -> serializers.ValidationError:
    shown = {name: [text] for name, text in errors.items()}
    return serializers.ValidationError({"messages": {str(place): shown}})


def _fill_times(chat: dict[str, Any]) -> None:
    """Give a message without a time that of the one before, and the session those of its messages.

    If nothing has a time, it is now.
    """
    last = chat.get("created_at")
    times = []
    for message in chat["messages"]:
        last = message["created_at"] = message.get("created_at") or last
        if last is not None:
            times.append(last)
    if times:
        chat["created_at"] = chat.get("created_at") or min(times)
        chat["updated_at"] = chat.get("updated_at") or max(times)


class ImportErrorSerializer(serializers.Serializer):
    place = serializers.CharField(help_text="Where in the file the conversation is.")
    errors = serializers.JSONField(help_text="The errors: a text, or by field.")  # type: ignore[assignment]


class ImportReportSerializer(serializers.Serializer):
    """The result of an import."""

    format = serializers.CharField(help_text="Of its conversations; `mixed` when they differ.")
    imported = serializers.IntegerField()
    existing = serializers.IntegerField(help_text="Known from an earlier import.")
    extended = serializers.IntegerField(help_text="Those of them that got new messages.")
    failed = serializers.IntegerField()
    is_complete = serializers.BooleanField(
        help_text="False: the time was over, or the import is still running."
    )
    sessions = serializers.ListField(
        child=serializers.IntegerField(), help_text="The ids of the first 1,000."
    )
    errors = ImportErrorSerializer(many=True, help_text="The first 100.")  # type: ignore[assignment]
    dropped = serializers.ListField(
        child=serializers.CharField(),
        help_text="Names in the file of what there was no room for.",
    )


class ChatImportSerializer(ImportReportSerializer):
    """The import of a long file, and what has become of the file so far."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ChatImport.State.choices)
    file_name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    progress = serializers.FloatField(help_text="The share of the file that is read, 0 to 1.")
    reason = serializers.CharField(help_text="Why it failed, else empty.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ListedImportSerializer(ChatImportSerializer):
    sessions = None  # type: ignore[assignment]
    errors = None  # type: ignore[assignment]
