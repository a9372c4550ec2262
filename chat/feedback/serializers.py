"""Request and response bodies of feedback."""

from rest_framework import serializers

from chat.messages.serializers import StorableJsonField
from chat.models import Feedback
from gatewayz.api.paging import PageInput
from gatewayz.api.serializing import MAX_ID

MAX_COMMENT = 10_000
MAX_METADATA_BYTES = 16_384


class FeedbackChange(serializers.Serializer):
    feedback_type = serializers.ChoiceField(
        choices=Feedback.Type.choices, required=False, allow_null=True
    )
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True)
    comment = serializers.CharField(
        max_length=MAX_COMMENT, required=False, allow_null=True, allow_blank=True
    )
    metadata = StorableJsonField(required=False, allow_null=True, max_bytes=MAX_METADATA_BYTES)


class FeedbackInput(FeedbackChange):
    feedback_type = serializers.ChoiceField(choices=Feedback.Type.choices)
    session_id = serializers.IntegerField(
        min_value=1, max_value=MAX_ID, required=False, allow_null=True
    )
    message_id = serializers.IntegerField(
        min_value=1, max_value=MAX_ID, required=False, allow_null=True
    )
    model = serializers.CharField(
        max_length=255, required=False, allow_null=True, allow_blank=True
    )


class FeedbackPageInput(PageInput):
    feedback_type = serializers.ChoiceField(choices=Feedback.Type.choices, required=False)
    session_id = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    model = serializers.CharField(max_length=255, required=False)


class FeedbackStatsInput(serializers.Serializer):
    days = serializers.IntegerField(min_value=1, max_value=365, default=30)
    model = serializers.CharField(max_length=255, required=False)


class FeedbackSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField()
    session_id = serializers.IntegerField(allow_null=True)
    message_id = serializers.IntegerField(allow_null=True)
    metadata = StorableJsonField(allow_null=True)

    class Meta:
        model = Feedback
        fields = [
            "id",
            "user_id",
            "session_id",
            "message_id",
            "feedback_type",
            "rating",
            "comment",
            "model",
            "metadata",
            "created_at",
            "updated_at",
        ]
