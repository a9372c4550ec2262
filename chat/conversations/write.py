"""Verbs on conversations."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.principals.principal import Principal
from chat.messages.write import NewMessage, append_messages
from chat.models import ChatSession
from chat.sessions.write import get_or_create_session


def create_conversation(
    owner: Principal, *, items: Sequence[NewMessage] | None = None, **given: Any
) -> ChatSession:
    """Create a session for `owner` with these `items`; `given` is as in `get_or_create_session`.

    A session that already has the `external_id` is returned as it is.
    """
    if not items:
        return get_or_create_session(owner, **given)[0]
    with transaction.atomic():
        session, is_new = get_or_create_session(owner, **given)
        if is_new:
            append_messages(owner, session.pk, items)
    return session
