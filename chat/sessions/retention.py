"""Purging what was deleted long ago."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime

from django.db import Error, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import background
from chat.models import ChatSession
from gatewayz.database.deletion import delete_in_batches, dependents_of

logger = logging.getLogger(__name__)

BATCH_SESSIONS = 500
BATCH_ROWS = 1_000

# A scheduled run ends before django-q2's time-out and lets another one go on.
_RUN_SECONDS = 30
# A long session gets so much of a run; the next one goes on with it.
_SESSION_SECONDS = 10


def purge(now: datetime, *, seconds: float = float("inf")) -> tuple[int, bool]:
    """Delete for good the sessions whose retention has ended by `now`, with all that they have.

    Rows go in bounded batches, each in a transaction of its own. It stops after `seconds`. A
    session that cannot be purged is logged. What an earlier run has begun comes last, so that no
    session keeps the others waiting.

    Returns how many sessions went, and whether none is left that can be purged. Raises
    django.db.Error; what is gone stays gone.
    """
    ends_at = time.monotonic() + seconds
    purged, complete = 0, True
    for is_begun in (False, True):
        for session_id in _expired(now, is_begun):
            if time.monotonic() >= ends_at:
                return purged, False
            until = ends_at if seconds == float("inf") else time.monotonic() + _SESSION_SECONDS
            try:
                if not is_begun and not _begin(session_id, now):
                    continue
                is_gone = _purge(session_id, min(until, ends_at))
            except Error:
                logger.exception("Could not purge chat session %d", session_id)
                continue
            purged += is_gone
            complete = complete and is_gone
    return purged, complete


def _expired(now: datetime, is_begun: bool) -> Iterator[int]:
    """The ids of the sessions to purge, those deleted first first."""
    expired = ChatSession.objects.expired(now).filter(is_purged=is_begun)
    in_order = expired.order_by("updated_at", "pk").values_list("pk", "updated_at")
    page = list(in_order[:BATCH_SESSIONS])
    while page:
        yield from (session_id for session_id, _ in page)
        last_id, deleted_at = page[-1]
        later = Q(updated_at__gt=deleted_at) | Q(pk__gt=last_id)
        page = list(in_order.filter(later, updated_at__gte=deleted_at)[:BATCH_SESSIONS])


def _begin(session_id: int, now: datetime) -> bool:
    """Mark a session that has expired, so that nobody restores it when it is half gone.

    Returns False when it was restored meanwhile, or is purged already.
    """
    with transaction.atomic():
        expired = ChatSession.objects.expired(now).filter(pk=session_id)
        if expired.select_for_update(of=("self",)).first() is None:
            return False
        ChatSession.objects.filter(pk=session_id).update(is_purged=True)
    return True


def _purge(session_id: int, ends_at: float) -> bool:
    """Delete a marked session with all that it has. Returns whether it is gone by `ends_at`."""
    session = ChatSession.objects.filter(pk=session_id)
    for rows in dependents_of(session):
        _, complete = delete_in_batches(rows, ends_at=ends_at, batch_rows=BATCH_ROWS)
        if not complete:
            return False
    session.delete()
    return True


def purge_expired() -> int:
    """Purge what was deleted longer ago than CHAT_RETENTION_DAYS, or what its user has instead.

    Runs every day. Returns how many sessions went in this run; a run that is not enough starts
    another.
    """
    purged, complete = purge(timezone.now(), seconds=_RUN_SECONDS)
    if not complete:
        background.enqueue("chat.sessions.retention.purge_expired")
    return purged
