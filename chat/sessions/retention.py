"""Purging sessions that were deleted long ago."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime

from django.db import Error, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.background import TimedRun, enqueue
from chat.models import ChatSession
from gatewayz.database.deletion import delete_dependents

logger = logging.getLogger(__name__)

BATCH_SESSIONS = 500
BATCH_ROWS = 1_000

# Share of a run for one session; the next run continues with it.
SESSION_SECONDS = 10


def purge(now: datetime, *, ends_at: float = float("inf")) -> tuple[int, bool]:
    """Delete sessions whose retention has ended by `now`, with everything in them, for good.

    Rows are deleted in bounded batches, one transaction each, until `ends_at` (monotonic). A
    session that cannot be purged is logged and skipped. Sessions that an earlier run has started
    come last, so that no session holds up the others.

    Returns how many sessions were purged, and whether none is left that can be purged. Raises
    django.db.Error; what is deleted by then stays deleted.
    """
    purged, complete = 0, True
    for is_started in (False, True):
        for session_id in expired_sessions(now, is_started):
            if time.monotonic() >= ends_at:
                return purged, False
            try:
                if not is_started and not _begin(session_id, now):
                    continue
                is_gone = _purge(session_id, min(ends_at, time.monotonic() + SESSION_SECONDS))
            except Error:
                logger.exception("Could not purge chat session %d", session_id)
                continue
            purged += is_gone
            complete = complete and is_gone
    return purged, complete


def expired_sessions(now: datetime, is_started: bool) -> Iterator[int]:
    """Yield the ids of sessions to purge, those deleted longest ago first."""
    expired = ChatSession.objects.expired(now).filter(is_purged=is_started)
    in_order = expired.order_by("updated_at", "pk").values_list("pk", "updated_at")
    page = list(in_order[:BATCH_SESSIONS])
    while page:
        yield from (session_id for session_id, _ in page)
        last_id, deleted_at = page[-1]
        later = Q(updated_at__gt=deleted_at) | Q(pk__gt=last_id)
        page = list(in_order.filter(later, updated_at__gte=deleted_at)[:BATCH_SESSIONS])


def _begin(session_id: int, now: datetime) -> bool:
    """Mark an expired session as being purged, so that it cannot be restored half empty.

    Returns False when it was restored meanwhile or has already been purged.
    """
    with transaction.atomic():
        expired = ChatSession.objects.expired(now).filter(pk=session_id)
        if expired.select_for_update(of=("self",)).first() is None:
            return False
        ChatSession.objects.filter(pk=session_id).update(is_purged=True)
    return True


def _purge(session_id: int, ends_at: float) -> bool:
    """Delete a marked session and everything in it. Returns whether it is gone by `ends_at`."""
    if not delete_dependents(ChatSession, [session_id], ends_at=ends_at, batch_rows=BATCH_ROWS):
        return False
    ChatSession.objects.filter(pk=session_id).delete()
    return True


def end_temporary() -> int:
    """Delete the sessions whose own time, `expires_at`, has come; nobody can restore them.

    Runs every minute, BATCH_SESSIONS per statement. Returns how many there were; what they held is
    purged by a run that this starts.
    """
    ended = 0
    while batch := list(
        ChatSession.objects.active()
        .filter(expires_at__lte=timezone.now())
        .order_by("expires_at")
        .values_list("pk", flat=True)[:BATCH_SESSIONS]
    ):
        due = ChatSession.objects.filter(pk__in=batch, expires_at__lte=timezone.now())
        ended += due.active().trash(is_purged=True)
    if ended:
        enqueue("chat.sessions.retention.purge_expired")
    return ended


def purge_expired() -> int:
    """Purge sessions deleted longer ago than CHAT_RETENTION_DAYS or the user's own retention.

    Runs every day. Returns how many this run purged; a run that cannot finish in time enqueues
    another.
    """
    run = TimedRun("chat.sessions.retention.purge_expired")
    purged, complete = purge(timezone.now(), ends_at=run.ends_at)
    if not complete:
        run.continue_later()
    return purged
