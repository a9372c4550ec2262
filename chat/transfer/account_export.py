"""The chats in the export of everything that a user owns; see accounts.profile.export."""

from collections.abc import Iterator, Sequence
from itertools import batched
from operator import attrgetter
from typing import Any

from accounts.principals.principal import Principal
from accounts.profile.export import Form, Kind, by_key, by_time, kind_of
from chat.feedback.serializers import FeedbackSerializer
from chat.messages.serializers import MessageSerializer
from chat.models import ChatMessage, ChatSession, Feedback, Share
from chat.sessions.serializers import represented_session
from chat.shares.serializers import ShareSerializer
from chat.transfer import html_page
from chat.transfer.copying import (
    CONTENT_TYPES,
    PAGE_SESSIONS,
    SUFFIXES,
    Chats,
    html_of,
    markdown_of,
    messages_of_each,
)
from chat.transfer.markdown import row_of, title_of
from gatewayz.api.bodies import encode


class ExportedShareSerializer(ShareSerializer):
    """A link without its URL, which depends on the host of a request."""

    class Meta(ShareSerializer.Meta):
        fields = [name for name in ShareSerializer.Meta.fields if name != "share_url"]


def _sessions(owner: Principal) -> Iterator[ChatSession]:
    """Yield all sessions, including those in the trash, which belong to the owner until purged."""
    owned = ChatSession.objects.owned_by(owner).filter(is_purged=False)
    return by_key(owned.with_current_message(owner.user_id))


def _chats(owner: Principal) -> Chats:
    for sessions in batched(_sessions(owner), PAGE_SESSIONS):
        yield from messages_of_each(sessions)


def _messages(owner: Principal) -> Iterator[ChatMessage]:
    for _, messages in _chats(owner):
        yield from messages


def _session_lines(owner: Principal) -> Iterator[dict[str, Any]]:
    for session in _sessions(owner):
        current = attrgetter("current_message_id")(session)
        yield represented_session(session) | {"current_message_id": current}


CHAT_KINDS = (
    Kind("chat_session", _session_lines),
    kind_of("chat_message", MessageSerializer, _messages),
    kind_of(
        "feedback",
        FeedbackSerializer,
        lambda owner: by_time(Feedback.objects.owned_by(owner), "created_at"),
    ),
    kind_of(
        "share",
        ExportedShareSerializer,
        lambda owner: by_time(Share.objects.owned_by(owner), "created_at"),
    ),
)

# The kinds that people read as chats.
_AS_CHATS = frozenset({"chat_session", "chat_message"})


def _lists(owner: Principal, kinds: Sequence[Kind]) -> Iterator[tuple[str, Any]]:
    """Yield everything other than chats, each kind under its title."""
    for kind in kinds:
        if kind.name not in _AS_CHATS:
            yield kind.name.replace("_", " ").capitalize(), kind.lines(owner)


def export_markdown(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    """Yield everything as Markdown: rows as JSON, then the chats as people read them."""
    for title, lines in _lists(owner, kinds):
        yield f"\n{title_of(title)}".encode()
        for line in lines:
            yield row_of(line).encode()
    yield from markdown_of(_chats(owner))


def export_html(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    """Yield everything as a page: rows as JSON, then the chats as people read them."""
    return html_of(_chats(owner), _sections(owner, kinds))


def _sections(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    for title, lines in _lists(owner, kinds):
        yield html_page.section_head(title)
        for line in lines:
            yield html_page.row(encode(line))
        yield html_page.SECTION_END


# The forms for people; those for programs are in `accounts.profile.export`.
CHAT_FORMS = {
    "markdown": Form(export_markdown, CONTENT_TYPES["markdown"], SUFFIXES["markdown"]),
    "html": Form(export_html, CONTENT_TYPES["html"], SUFFIXES["html"]),
}
