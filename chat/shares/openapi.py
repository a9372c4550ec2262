"""OpenAPI descriptions of public links, applied to the views as decorators."""

from rest_framework import serializers

from chat.messages.serializers import MessagePageInput
from chat.models import Share
from chat.shares import old_shapes
from chat.shares.serializers import (
    SharedMessageSerializer,
    SharedSessionSerializer,
    ShareInput,
    ShareSerializer,
)
from gatewayz.api.openapi import Shape, described, listed
from gatewayz.api.paging import PageInput

_SHARE = {
    "id": 8,
    "session_id": 17,
    "created_by_user_id": 7,
    "token": "kq3…",
    "share_token": "kq3…",
    "share_url": "https://chat.example/v1/chat/share/kq3…",
    "is_active": True,
    "view_count": 0,
    "last_viewed_at": None,
    "expires_at": None,
    "created_at": "2026-03-01T12:00:00Z",
    "include_system": False,
}


class SharedSession(SharedSessionSerializer):
    messages = SharedMessageSerializer(many=True)
    has_more_messages = serializers.BooleanField()
    view_count = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)

    class Meta(SharedSessionSerializer.Meta):
        fields = [
            *SharedSessionSerializer.Meta.fields,
            "messages",
            "has_more_messages",
            "view_count",
            "expires_at",
        ]


share_session = described(
    "Create a public link to a session",
    name="shareSession",
    problems=(404,),
    request=Shape(ShareInput, {"session_id": 17, "expires_at": "2026-03-01T12:00:00Z"}),
    answer=Shape(ShareSerializer, _SHARE),
    old=old_shapes.share,
    status=201,
    idempotent=True,
)
list_shares = listed(
    "List public links, newest first",
    name="listShares",
    query=PageInput,
    answer=Shape(ShareSerializer, _SHARE),
)
read_share = described(
    "Read a shared session, without a key",
    name="readShare",
    query=MessagePageInput,
    answer=Shape(
        SharedSession,
        {
            "title": "Holidays",
            "model": "openai/gpt-4o",
            "created_at": "2026-03-01T12:00:00Z",
            "updated_at": "2026-03-01T12:00:00Z",
            "messages": [],
            "has_more_messages": False,
            "view_count": 1,
            "expires_at": None,
        },
    ),
    old=old_shapes.shared_session(17, messages=[]),
    public=True,
)
revoke_share = described(
    "Revoke a public link", name="revokeShare", old=old_shapes.revoked(Share())
)
