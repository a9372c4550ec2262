"""Fields that clients of the old service expect in public links. See gatewayz.api.old_shapes."""

from collections.abc import Sequence
from typing import Any

from chat.models import ChatMessage, Share
from gatewayz.api.old_shapes import OldShape

SHARE_FIELDS = (
    "id",
    "session_id",
    "share_token",
    "created_by_user_id",
    "created_at",
    "expires_at",
    "view_count",
    "last_viewed_at",
    "is_active",
    "share_url",
)


def share(data: dict[str, Any]) -> dict[str, Any]:
    """A new link, flat."""
    return {name: data[name] for name in SHARE_FIELDS}


def revoked(share: Share) -> OldShape:
    """The link that no longer works."""
    return lambda data: {
        "id": share.pk,
        "session_id": share.session_id,
        "share_token": share.token,
        "created_by_user_id": share.user_id,
        "is_active": False,
    }


def shared_session(session_id: int, messages: Sequence[ChatMessage]) -> OldShape:
    """A shared session as the public sees it, flat."""

    def shape(data: dict[str, Any]) -> dict[str, Any]:
        return {
            "session_id": session_id,
            **{name: data[name] for name in ("title", "model", "created_at")},
            "messages": [
                {**shown, "session_id": session_id, "tokens": message.tokens or 0}
                for message, shown in zip(messages, data["messages"], strict=True)
            ],
        }

    return shape
