"""Deleting sessions without recent messages, and purging sessions that were deleted long ago."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched, chain

from django.conf import settings
from django.db import Error, connection
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.background import TimedRun, enqueue
from accounts.models import User
from accounts.models.users import MAX_RETENTION_DAYS
from chat.models import ChatSession
from chat.storage import settle_storage
from gatewayz.database.deletion import PARENT_ROWS, delete_dependents, delete_rows
from gatewayz.database.distribution import of_owners

logger = logging.getLogger(__name__)

BATCH_SESSIONS = 500
BATCH_ROWS = 1_000
# How many rows of the trash one statement looks through, even of users who keep it for ever.
PAGE_ROWS = 2_000

# How long one run works on one session; the next run continues with it.
SESSION_SECONDS = 10

# A comparison of rows, so that a page costs the same wherever it begins. An earlier release stored
# the time of deletion in `updated_at`.
_TRASH = """
SELECT id, user_id, updated_at, COALESCE(deleted_at, updated_at), is_purged FROM chat_sessions
WHERE NOT is_active AND (updated_at, id) > (%s, %s) AND updated_at < %s
ORDER BY updated_at, id LIMIT %s
"""

_GONE_AT = Coalesce("deleted_at", "updated_at")

# The user of each session, by ids.
Owned = dict[int, int]


def purge(now: datetime, *, ends_at: float = float("inf")) -> tuple[int, bool]:
    """Delete sessions whose retention has ended by `now`, with everything in them, for good.

    Rows are deleted in bounded batches, one transaction each, until `ends_at` (monotonic). A
    session that cannot be purged is logged and skipped. Sessions that an earlier run started with
    come last, so that none holds up the others.

    Returns how many sessions were purged, and whether none is left that can be purged. Raises
    django.db.Error; what is deleted by then stays deleted.
    """
    purged, complete = 0, True
    for sessions in chain(_begun(now), _started()):
        if time.monotonic() >= ends_at:
            return purged, False
        gone = _purge_together(sessions, ends_at)
        purged += gone
        complete = complete and gone == len(sessions)
    return purged, complete


def expired_sessions(now: datetime) -> Iterator[tuple[datetime, Owned]]:
    """Yield sessions that are due to be purged, roughly in the order in which they were deleted.

    They have been in the trash for longer than the retention of their user, or else of the
    service; 0 days means for ever. Looks through the whole trash, PAGE_ROWS per statement. Yields
    sessions of users with the same retention together, with the time before which they were
    deleted.
    """
    # No retention is shorter than a day.
    latest = now - timedelta(days=1)
    place: tuple[datetime, int] = (datetime.min.replace(tzinfo=UTC), 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_TRASH, [*place, latest, PAGE_ROWS])
            page = cursor.fetchall()
        if not page:
            return
        place = (page[-1][2], page[-1][0])
        own_days = dict(
            User.objects.filter(
                pk__in={user_id for _, user_id, *_ in page}, chat_retention_days__isnull=False
            ).values_list("pk", "chat_retention_days")
        )
        expired: dict[datetime, Owned] = defaultdict(dict)
        for session_id, user_id, _, gone_at, is_purged in page:
            days = own_days.get(user_id, settings.CHAT_RETENTION_DAYS)
            until = now - timedelta(days=min(days, MAX_RETENTION_DAYS))
            if days and gone_at < until and not is_purged:
                expired[until][session_id] = user_id
        yield from expired.items()


def _begun(now: datetime) -> Iterator[Owned]:
    """Mark expired sessions as being purged, so that they cannot be restored half empty.

    Yields a few at a time, without those that were restored meanwhile.
    """
    for until, sessions in expired_sessions(now):
        for some in batched(sorted(sessions), PARENT_ROWS):
            owned = {session_id: sessions[session_id] for session_id in some}
            chosen = ChatSession.objects.filter(pk__in=some, **of_owners(owned.values()))
            # No row is locked first, because Citus cannot do that on several servers.
            expired = chosen.deleted().alias(gone_at=_GONE_AT).filter(gone_at__lt=until)
            if expired.update(is_purged=True) < len(some):
                owned = dict(chosen.filter(is_purged=True).values_list("pk", "user_id"))
            if owned:
                yield owned


def _started() -> Iterator[Owned]:
    """Yield marked sessions, a few at a time."""
    last = 0
    marked = ChatSession.objects.filter(is_purged=True).order_by("pk")
    while some := dict(marked.filter(pk__gt=last).values_list("pk", "user_id")[:PARENT_ROWS]):
        yield some
        last = max(some)


def _purge_together(sessions: Owned, ends_at: float) -> int:
    """Delete marked sessions together, or one by one when that fails or takes long.

    Returns how many are gone by `ends_at`.
    """
    try:
        if _purge(sessions, ends_at, SESSION_SECONDS / 5):
            return len(sessions)
    except Error as error:
        logger.info("Purging %d chat sessions one by one: %s", len(sessions), error)
    gone = 0
    for session_id, user_id in sessions.items():
        try:
            gone += _purge({session_id: user_id}, ends_at, SESSION_SECONDS)
        except Error:
            logger.exception("Could not purge chat session %d", session_id)
    return gone


def _purge(sessions: Owned, ends_at: float, share_seconds: float) -> bool:
    """Delete marked sessions and everything in them. Returns whether they are gone in time."""
    ends_at = min(ends_at, time.monotonic() + share_seconds)
    owners = set(sessions.values())
    if not delete_dependents(
        ChatSession, list(sessions), ends_at=ends_at, batch_rows=BATCH_ROWS, owners=owners
    ):
        return False
    delete_rows(ChatSession.objects.filter(pk__in=sessions, **of_owners(owners)))
    return True


def end_temporary() -> int:
    """Delete the sessions whose `expires_at` has passed; nobody can restore them.

    Runs every minute, BATCH_SESSIONS per statement. Returns how many there were, and starts a run
    that purges their content.
    """
    ended = 0
    while batch := dict(
        ChatSession.objects.active()
        .filter(expires_at__lte=timezone.now())
        .order_by("expires_at")
        .values_list("pk", "user_id")[:BATCH_SESSIONS]
    ):
        due = ChatSession.objects.filter(
            pk__in=batch, expires_at__lte=timezone.now(), **of_owners(batch.values())
        )
        ended += due.active().trash(is_purged=True)
    if ended:
        enqueue("chat.sessions.retention.purge_expired")
    return ended


def delete_old(after: int = 0) -> int:
    """Move sessions to the trash whose users want that some days after the last message.

    Pinned sessions stay. Runs every day, starting after the user with the id `after`; a run that
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
                # Filtered again, because a message may have been added meanwhile.
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
    settle_storage()
    if not complete:
        run.continue_later()
    return purged
