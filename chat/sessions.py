"""What can be done to chat sessions."""

import logging

from django.conf import settings
from django.utils import timezone

from accounts import activity
from accounts.principal import Principal
from chat.models import ChatSession
from gatewayz.request_context import timed, timing_ms

logger = logging.getLogger(__name__)


def create_session(
    owner: Principal, *, title: str | None = None, model: str | None = None
) -> ChatSession:
    """Begin a session for `owner`, in one SQL statement; its activity is recorded for later.

    Without a title it is called by the time (UTC), without a model it gets
    DEFAULT_CHAT_MODEL.
    """
    with timed("session_create"):
        now = timezone.now()
        session = ChatSession.objects.create(
            user_id=owner.user_id,
            title=title or f"Chat {now:%Y-%m-%d %H:%M}",
            model=model or settings.DEFAULT_CHAT_MODEL,
            created_at=now,
            updated_at=now,
        )
    activity.record(
        user_id=owner.user_id,
        api_key_id=owner.key_id,
        model=session.model,
        provider=_provider(session.model),
        finish_reason="session_created",
        app="Chat",
        metadata={
            "action": "create_session",
            "session_id": session.pk,
            "session_title": session.title,
        },
    )
    logger.info(
        "Created chat session %d for user %d (user_lookup: %.1fms, session_create: %.1fms)",
        session.pk,
        owner.user_id,
        timing_ms("user_lookup"),
        timing_ms("session_create"),
    )
    return session


def _provider(model: str) -> str:
    """Who serves `model`: the part before the slash of names like `openai/gpt-4o`."""
    provider, slash, _ = model.partition("/")
    return provider if slash else ""
