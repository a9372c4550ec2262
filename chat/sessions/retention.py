"""Deleting sessions that nobody wrote in for long, and purging those deleted long ago."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain

from django.db import Error, connection, transaction
from django.utils import timezone

from accounts.background import TimedRun, enqueue
from accounts.models import User
from chat.models import ChatSession
from gatewayz.database.deletion import PARENT_ROWS, delete_dependents

logger = logging.getLogger(__name__)

BATCH_SESSIONS = 500
BATCH_ROWS = 1_000
# So much of the trash is looked through by one statement, whosoever keeps it for ever.
PAGE_ROWS = 2_000

# Share of a run for one session; the next run continues with it.
SESSION_SECONDS = 10

# A comparison of rows, so that a page costs the same wherever it begins.
_TRASH = """
SELECT id, updated_at FROM chat_sessions
WHERE NOT is_active AND (updated_at, id) > (%s, %s) AND updated_at < %s
ORDER BY updated_at, id LIMIT %s
"""


def purge(now: datetime, *, ends_at: float = float("inf")) -> tuple[int, bool]:
    """Delete sessions whose retention has ended by `now`, with everything in them, for good.

    Rows are deleted in bounded batches, one transaction each, until `ends_at` (monotonic). A
    session that cannot be purged is logged and skipped. Sessions that an earlier run has started
    come last, so that no session holds up the others.

    Returns how many sessions were purged, and whether none is left that can be purged. Raises
    django.db.Error; what is deleted by then stays deleted.
    """
    purged, complete = 0, True
    for session_ids in chain(_begun(now), _started()):
        if time.monotonic() >= ends_at:
            return purged, False
        gone = _purge_together(session_ids, ends_at)
        purged += len(gone)
        complete = complete and len(gone) == len(session_ids)
    return purged, complete


def expired_sessions(now: datetime) -> Iterator[list[int]]:
    """Yield the ids of sessions to begin to purge, those deleted longest ago first.

    Looks through the whole trash, in statements that read PAGE_ROWS of it each.
    """
    # No retention is shorter than a day.
    until = now - timedelta(days=1)
    place: tuple[datetime, int] = (datetime.min.replace(tzinfo=UTC), 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_TRASH, [*place, until, PAGE_ROWS])
            page = cursor.fetchall()
        if not page:
            return
        place = (page[-1][1], page[-1][0])
        ids = [session_id for session_id, _ in page]
        expired = ChatSession.objects.expired(now).filter(pk__in=ids, is_purged=False)
        found = set(expired.values_list("pk", flat=True))
        if found:
            yield [session_id for session_id in ids if session_id in found]


def _begun(now: datetime) -> Iterator[list[int]]:
    """Mark expired sessions as being purged, so that they cannot be restored half empty.

    Yields the ids of some at a time, without those that were restored meanwhile.
    """
    for page in expired_sessions(now):
        for start in range(0, len(page), PARENT_ROWS):
            with transaction.atomic():
                expired = ChatSession.objects.expired(now).filter(
                    pk__in=page[start : start + PARENT_ROWS], is_purged=False
                )
                locked = expired.order_by("pk").select_for_update(of=("self",)).only("pk")
                ids = [session.pk for session in locked]
                ChatSession.objects.filter(pk__in=ids).update(is_purged=True)
            if ids:
                yield ids


def _started() -> Iterator[list[int]]:
    """Yield the ids of marked sessions, some at a time."""
    last = 0
    marked = ChatSession.objects.filter(is_purged=True).order_by("pk").values_list("pk", flat=True)
    while ids := list(marked.filter(pk__gt=last)[:PARENT_ROWS]):
        yield ids
        last = ids[-1]


def _purge_together(session_ids: list[int], ends_at: float) -> list[int]:
    """Delete marked sessions together, or each by itself when that fails or takes long.

    Returns the ids of those that are gone by `ends_at`.
    """
    try:
        if _purge(session_ids, ends_at, SESSION_SECONDS / 5):
            return session_ids
    except Error as error:
        logger.info("Purging %d chat sessions one by one: %s", len(session_ids), error)
    gone = []
    for session_id in session_ids:
        try:
            if _purge([session_id], ends_at, SESSION_SECONDS):
                gone.append(session_id)
        except Error:
            logger.exception("Could not purge chat session %d", session_id)
    return gone


def _purge(session_ids: list[int], ends_at: float, share_seconds: float) -> bool:
    """Delete marked sessions and everything in them. Returns whether they are gone in time."""
    ends_at = min(ends_at, time.monotonic() + share_seconds)
    if not delete_dependents(ChatSession, session_ids, ends_at=ends_at, batch_rows=BATCH_ROWS):
        return False
    ChatSession.objects.filter(pk__in=session_ids).delete()
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


def delete_old(after: int = 0) -> int:
    """Move to the trash what users want to have deleted some days after the last message.

    Pinned sessions stay. Runs every day, beginning after the user with the id `after`; a run that
    cannot finish in time enqueues another. A user whose sessions cannot be moved is logged and
    skipped. Returns how many sessions this run moved.
    """
    run = TimedRun("chat.sessions.retention.delete_old")
    choosing = User.objects.active().filter(pk__gt=after, delete_chats_after_days__isnull=False)
    deleted = 0
    for user_id, days in choosing.values_list("pk", "delete_chats_after_days"):
        old = ChatSession.objects.old(user_id, timezone.now() - timedelta(days=days))
        try:
            while batch := list(old.values_list("pk", flat=True)[:BATCH_SESSIONS]):
                if run.left_seconds <= 0:
                    run.continue_later(after)
                    return deleted
                # Asked again, because a message may have been added meanwhile.
                deleted += old.filter(pk__in=batch).trash()
        except Error:
            logger.exception("Could not delete the old chats of user %d", user_id)
        after = user_id
    return deleted


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
