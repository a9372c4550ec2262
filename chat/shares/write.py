"""Verbs on public links to sessions."""

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts import audit
from accounts.principals.principal import Principal
from chat.activity import record_chat
from chat.models import ChatSession, Share

TOKEN_BYTES = 24


def share_session(
    owner: Principal,
    session_id: int,
    *,
    expires_at: datetime | None = None,
    include_system: bool | None = False,
) -> Share:
    """Create a link with which anybody can read a session of `owner`, until `expires_at`.

    It also shows messages that are added later; those of the roles system and developer only with
    `include_system`. Raises Http404 when there is no such session.
    """
    session = get_object_or_404(ChatSession.objects.owned_by(owner).active(), pk=session_id)
    share = Share.objects.create(
        user_id=owner.user_id,
        session=session,
        token=secrets.token_urlsafe(TOKEN_BYTES),
        expires_at=expires_at,
        include_system=bool(include_system),
    )
    # Without the token, because the activity log must not give access to a chat.
    record_chat(
        owner,
        "share_session",
        "session_shared",
        model=session.model,
        session_id=session_id,
        share_id=share.pk,
    )
    return share


def view_share(token: str, *, counts: bool = True) -> Share:
    """Return the link with this token and its session, for anybody; count a view if `counts`.

    Concurrent views are all counted. Raises Http404 when the link is unknown, revoked or expired,
    or its session is deleted.
    """
    now = timezone.now()
    shares = Share.objects.filter(token=token)
    if not counts:
        return get_object_or_404(shares.open_at(now).select_related("session"))
    if not shares.open_at(now).update(view_count=F("view_count") + 1, last_viewed_at=now):
        raise Http404
    return get_object_or_404(shares.select_related("session"))


def revoke_share(owner: Principal, token: str) -> Share:
    """Revoke a link of `owner`, and return it. Raises Http404 when there is no such link."""
    shares = Share.objects.owned_by(owner).filter(token=token)
    # Read first, because nothing after the change may fail.
    share: Share = get_object_or_404(shares.not_revoked())
    if not shares.not_revoked().update(is_active=False):
        raise Http404
    share.is_active = False
    record_chat(owner, "revoke_share", "share_revoked")
    return share


def revoke_shares(links: QuerySet[Share]) -> int:
    """Revoke these links, of any users, and record it in the audit log.

    Returns how many could still be opened.
    """
    with transaction.atomic():
        chosen = Share.objects.filter(pk__in=links.values("pk"), is_active=True)
        ended = list(chosen.select_for_update(no_key=True).values_list("pk", "user_id"))
        Share.objects.filter(pk__in=[share_id for share_id, _ in ended]).update(is_active=False)
        for share_id, user_id in ended:
            audit.record(
                "share_revoked",
                user_id=user_id,
                target=f"share:{share_id}",
                after={"is_active": False},
            )
    return len(ended)
