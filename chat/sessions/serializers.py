"""Request and response bodies of sessions."""

from rest_framework import serializers

from chat.messages.serializers import MAX_BATCH
from chat.models import ChatSession
from gatewayz.api.paging import PageInput
from gatewayz.api.serializing import MAX_ID, BoundedListField, IndexedList, TextField


class SessionInput(serializers.Serializer):
    title = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)
    model = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)


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


class SessionPageInput(PageInput):
    cursor = serializers.CharField(max_length=64, required=False)
    # Absent or null: no filter.
    pinned = serializers.BooleanField(allow_null=True, default=None)
    archived = serializers.BooleanField(allow_null=True, default=None)
    deleted = serializers.BooleanField(default=False)


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
