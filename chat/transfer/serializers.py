"""Request bodies of exports and imports."""

from rest_framework import serializers

from chat.messages.serializers import CreationTimeField, MessageInput
from chat.sessions.serializers import SessionInput
from gatewayz.api.serializing import IndexedList

MAX_IMPORT = 5_000


class ExportInput(serializers.Serializer):
    format = serializers.ChoiceField(choices=["json", "markdown", "openai"], default="json")


class ChatInput(SessionInput):
    """A JSON export, or an object in the form of OpenAI's `messages`."""

    created_at = CreationTimeField(required=False, allow_null=True)
    messages = IndexedList(child=MessageInput(), max_length=MAX_IMPORT)
