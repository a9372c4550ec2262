"""Request and response bodies of public links, and what the public can see."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from chat.messages.serializers import ContentField
from chat.models import ChatMessage, ChatSession, Share
from gatewayz.api.serializing import MAX_ID


class ShareInput(serializers.Serializer):
    session_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        error_messages={"invalid": "Invalid expires_at format. Use ISO 8601."},
    )
    include_system = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="Whether messages of the roles system and developer are shown, too.",
    )

    def validate_expires_at(self, expires_at: datetime | None) -> datetime | None:
        if expires_at is not None and expires_at <= timezone.now():
            raise serializers.ValidationError("This must be in the future.")
        return expires_at


@extend_schema_serializer(deprecate_fields=["share_token", "created_by_user_id"])
class ShareSerializer(serializers.ModelSerializer):
    """A public link to a session."""

    # Needs the request as `context`, for the host of the URL.

    session_id = serializers.IntegerField()
    # The names that clients of the old service use.
    share_token = serializers.CharField(source="token")
    created_by_user_id = serializers.IntegerField(source="user_id")
    share_url = serializers.SerializerMethodField()

    class Meta:
        model = Share
        fields = [
            "id",
            "session_id",
            "created_by_user_id",
            "token",
            "share_token",
            "share_url",
            "is_active",
            "view_count",
            "last_viewed_at",
            "expires_at",
            "created_at",
            "include_system",
        ]

    def get_share_url(self, share: Share) -> str:
        url: str = self.context["request"].build_absolute_uri(
            reverse("shared-chat", args=[share.token])
        )
        return url


class SharedSessionSerializer(serializers.ModelSerializer):
    """A session without its owner."""

    class Meta:
        model = ChatSession
        fields = ["title", "model", "created_at", "updated_at"]


class SharedMessageSerializer(serializers.ModelSerializer):
    """A message without the metadata, which the client stores for itself."""

    content = ContentField(source="given_content", read_only=True, allow_null=True)

    class Meta:
        model = ChatMessage
        fields = ["id", "role", "content", "model", "reasoning", "created_at"]

    def to_representation(self, message: ChatMessage) -> dict[str, Any]:
        return {**message.other_fields, **super().to_representation(message)}
