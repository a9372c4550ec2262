"""Dead letters: events that cannot be written, stored with the error until an operator decides."""

import logging
from collections.abc import Iterable
from hashlib import sha256

from django.db import transaction

from accounts.activity import buffer
from accounts.activity.events import DECODE_ERRORS, decode
from accounts.models import ActivityDeadLetter

logger = logging.getLogger(__name__)

_MAX_ERROR_CHARACTERS = 2000


def set_aside(encoded: bytes, error: Exception) -> None:
    """Store an event that cannot be written, once, however often writing it fails.

    Raises django.db.Error when the database does not answer.
    """
    text = f"{type(error).__name__}: {error}".replace("\x00", "\\x00").strip()
    ActivityDeadLetter.objects.bulk_create(
        [
            ActivityDeadLetter(
                digest=sha256(encoded).hexdigest(),
                event=encoded,
                error=text[:_MAX_ERROR_CHARACTERS],
            )
        ],
        ignore_conflicts=True,
    )
    logger.error("Could not write an activity event; set it aside: %s", type(error).__name__)


def requeue(letters: Iterable[ActivityDeadLetter]) -> int:
    """Push dead letters back to the buffer and delete their rows.

    Returns how many were requeued; fewer than given when the buffer is full or another process
    requeued some of them first.

    Raises redis.exceptions.RedisError when Redis does not answer; the current letter is kept.
    """
    requeued = 0
    for letter in letters:
        with transaction.atomic():
            # A worker that sets the event aside again waits for this transaction to end.
            deleted, _ = ActivityDeadLetter.objects.filter(pk=letter.pk).delete()
            if not deleted:
                continue
            if not buffer.push([bytes(letter.event)]):
                transaction.set_rollback(True)
                break
        requeued += 1
    return requeued


def delete_for_user(user_id: int) -> None:
    """Delete the dead letters of one user, as far as they can be decoded. There are few."""
    letters = ActivityDeadLetter.objects.values_list("pk", "event")
    ActivityDeadLetter.objects.filter(
        pk__in=[pk for pk, event in letters.iterator() if _user_id_of(bytes(event)) == user_id]
    ).delete()


def _user_id_of(event: bytes) -> int | None:
    try:
        return decode(event).user_id
    except DECODE_ERRORS:
        return None
