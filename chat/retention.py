"""Purging what was deleted long ago."""

import time
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import background
from chat.models import ChatSession

BATCH_SESSIONS = 500

# A scheduled run ends before django-q2's time-out and lets another one go on.
_RUN_SECONDS = 30


def purge(now: datetime, *, seconds: float = float("inf")) -> tuple[int, bool]:
    """Delete for good the sessions whose retention has ended by `now`, with all that they have.

    Each goes in a transaction of its own; it stops after `seconds`.

    Returns how many went, and whether these were all. Raises django.db.Error; what is gone
    stays gone.
    """
    ends_at = time.monotonic() + seconds
    expired = ChatSession.objects.expired(now)
    purged = 0
    while session_ids := list(
        expired.order_by("updated_at").values_list("pk", flat=True)[:BATCH_SESSIONS]
    ):
        for session_id in session_ids:
            if time.monotonic() >= ends_at:
                return purged, False
            with transaction.atomic():
                # Locked, so that nobody restores a session that is half gone.
                locked = expired.select_for_update(of=("self",))
                session = locked.filter(pk=session_id).first()
                if session is not None:
                    session.delete()
                    purged += 1
    return purged, True


def purge_expired() -> int:
    """Purge what was deleted longer ago than CHAT_RETENTION_DAYS, or what its user has instead.

    Runs every day. Returns how many sessions went in this run; a run that is not enough starts
    another.
    """
    purged, complete = purge(timezone.now(), seconds=_RUN_SECONDS)
    if not complete:
        background.enqueue("chat.retention.purge_expired")
    return purged
