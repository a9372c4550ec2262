"""What can be done to chat sessions."""

import logging
from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.principal import Principal
from chat.chat_activity import record_chat
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
    record_chat(
        owner,
        "create_session",
        "session_created",
        model=session.model,
        session_id=session.pk,
        session_title=session.title,
    )
    logger.info(
        "Created chat session %d for user %d (user_lookup: %.1fms, session_create: %.1fms)",
        session.pk,
        owner.user_id,
        timing_ms("user_lookup"),
        timing_ms("session_create"),
    )
    return session


def update_session(
    owner: Principal, session_id: int, *, title: str | None = None, model: str | None = None
) -> ChatSession:
    """Rename a session of `owner`, or give it another model; what is empty stays as it is.

    Raises Http404 when there is no such session.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk=session_id)
    given = {"title": title, "model": model}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value}
    if changed:
        sessions.update(updated_at=timezone.now(), **changed)
    session = get_object_or_404(sessions)
    if changed:
        record_chat(
            owner,
            "update_session",
            "session_updated",
            model=session.model,
            session_id=session_id,
            changed=sorted(changed),
        )
    return session


def delete_session(owner: Principal, session_id: int) -> None:
    """Delete a session of `owner` softly: it is not to be found any more.

    Raises Http404 when there is no such session.
    """
    sessions = ChatSession.objects.owned_by(owner).active().filter(pk=session_id)
    if not sessions.update(is_active=False, updated_at=timezone.now()):
        raise Http404
    record_chat(owner, "delete_session", "session_deleted", session_id=session_id)
