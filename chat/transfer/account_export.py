"""The chats in the export of everything that a user owns; see accounts.profile.export."""

from collections.abc import Iterator
from itertools import batched
from operator import attrgetter
from typing import Any

from accounts.principals.principal import Principal
from accounts.profile.export import Kind, by_key, by_time, lines_of
from chat.feedback.serializers import FeedbackSerializer
from chat.messages.serializers import MessageSerializer
from chat.models import ChatMessage, ChatSession, Feedback, Share
from chat.sessions.serializers import represented_session
from chat.shares.serializers import ShareSerializer
from chat.transfer.copying import PAGE_SESSIONS, messages_of_each


class ExportedShareSerializer(ShareSerializer):
    """A link without its URL, which depends on the host of a request."""

    class Meta(ShareSerializer.Meta):
        fields = [name for name in ShareSerializer.Meta.fields if name != "share_url"]


def _sessions(owner: Principal) -> Iterator[ChatSession]:
    """Yield all sessions, including those in the trash, which belong to the owner until purged."""
    owned = ChatSession.objects.owned_by(owner).filter(is_purged=False)
    return by_key(owned.with_current_message())


def _messages(owner: Principal) -> Iterator[ChatMessage]:
    for page in batched(_sessions(owner), PAGE_SESSIONS):
        for _, messages in messages_of_each(page):
            yield from messages


def _session_lines(owner: Principal) -> Iterator[dict[str, Any]]:
    for session in _sessions(owner):
        current = attrgetter("current_message_id")(session)
        yield represented_session(session) | {"current_message_id": current}


CHAT_KINDS = (
    Kind("chat_session", _session_lines),
    Kind("chat_message", lambda owner: lines_of(MessageSerializer, _messages(owner))),
    Kind(
        "feedback",
        lambda owner: lines_of(
            FeedbackSerializer, by_time(Feedback.objects.owned_by(owner), "created_at")
        ),
    ),
    Kind(
        "share",
        lambda owner: lines_of(
            ExportedShareSerializer, by_time(Share.objects.owned_by(owner), "created_at")
        ),
    ),
)
