"""Erasing a user and all that is the user's.

The request only switches the user and the keys off; a worker deletes, a bounded batch per
transaction, so that it may be killed at any moment and goes on where it was.

What is the user's is what refers to the user in the database, by any number of steps: a table
that is added is erased too. The audit log refers to nobody; it keeps the bare id.
"""

import logging
import time

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import Error, transaction
from django.http import Http404
from django.utils import timezone

from accounts import audit, background
from accounts.activity import dead_letters
from accounts.models import ApiKey, User
from gatewayz.database.after_commit import after_commit
from gatewayz.database.deletion import delete_in_batches, dependents_of

logger = logging.getLogger(__name__)

BATCH_ROWS = 1_000

# A run ends before django-q2's time-out and lets another one go on.
_RUN_SECONDS = 30
# Who has much gets so much of a run.
_USER_SECONDS = 10


def request_erasure(user_id: int) -> None:
    """Switch a user and all of its keys off for good, and have a worker erase it.

    Raises Http404 when there is no such user, or it is being erased already.
    """
    with transaction.atomic():
        users = User.objects.filter(pk=user_id, erased_from=None)
        now = timezone.now()
        if not users.update(
            is_active=False, legacy_key_digest=None, erased_from=now, updated_at=now
        ):
            raise Http404
        ApiKey.objects.filter(user_id=user_id).update(is_active=False, updated_at=now)
        audit.record("erasure_requested", user_id=user_id, target=audit.user_target(user_id))
        # Without Redis, the run of the hour finds the user.
        after_commit(_have_the_rest_erased)


def erase_remaining(after: int = 0) -> int:
    """Erase the users who asked for it, from the one after the id `after` on; runs every hour too.

    One who cannot be erased is logged, and one who has much is gone on with after the others.
    Returns how many are erased; a run that is not enough starts another.
    """
    ends_at = time.monotonic() + _RUN_SECONDS
    waiting = User.objects.filter(erased_from__isnull=False, pk__gt=after).order_by("pk")
    # Those up to `after` may have more left.
    erased, has_left = 0, after > 0
    for user_id in list(waiting.values_list("pk", flat=True)):
        left_seconds = ends_at - time.monotonic()
        if left_seconds <= 0:
            _have_the_rest_erased(after)
            return erased
        try:
            is_erased = erase(user_id, seconds=min(left_seconds, _USER_SECONDS))
        except Error:
            logger.exception("Could not erase user %d", user_id)
        else:
            erased += is_erased
            has_left = has_left or not is_erased
        after = user_id
    if has_left:
        _have_the_rest_erased(0)
    return erased


def _have_the_rest_erased(after: int = 0) -> None:
    background.enqueue("accounts.profile.erasure.erase_remaining", after)


def erase(user_id: int, *, seconds: float = float("inf")) -> bool:
    """Delete what is the user's, and the user at last, unless that takes more than `seconds`.

    Only who has asked for it is erased. Returns whether the user is gone.
    """
    ends_at = time.monotonic() + seconds
    asked = User.objects.filter(pk=user_id, erased_from__isnull=False)
    if not asked.exists():
        return True
    _forget_in_admin_log(user_id)
    for rows in dependents_of(asked):
        # One worker at a time, or two could wait for each other's rows.
        _, complete = delete_in_batches(rows, ends_at=ends_at, batch_rows=BATCH_ROWS, lock=asked)
        if not complete:
            return False
    while audit.has_more_personal_data(user_id, BATCH_ROWS):
        if time.monotonic() >= ends_at:
            return False
        audit.erase_personal_data(user_id, BATCH_ROWS)
    with transaction.atomic():
        # Whoever refers to it now waits, and then finds it gone.
        user = asked.select_for_update().first()
        if user is not None:
            dead_letters.delete_for_user(user_id)
            audit.erase_personal_data(user_id, BATCH_ROWS)
            user.delete()
    return True


def _forget_in_admin_log(user_id: int) -> None:
    """The admin's log keeps that there was a change, not to whom or to which key."""
    key_ids = ApiKey.objects.filter(user_id=user_id).values_list("pk", flat=True)
    for model, ids in ((User, [user_id]), (ApiKey, key_ids)):
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model),
            object_id__in=[str(row_id) for row_id in ids],
        ).update(object_repr="(erased)", change_message="")
