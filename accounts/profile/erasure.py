"""Erasing users and everything that belongs to them.

The request only deactivates the user and the keys. A worker deletes the rows in bounded batches,
one transaction each, so that it may be killed at any moment and continue later.

Every row that refers to the user, directly or through other tables, belongs to the user, so tables
added later are included. The audit log has no such reference; it keeps only the
user's id.
"""

import logging
import time
from functools import partial

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import Error, transaction
from django.http import Http404
from django.utils import timezone

from accounts import audit, background
from accounts.activity import dead_letters
from accounts.background import TimedRun
from accounts.models import ApiKey, User
from gatewayz.database.after_commit import after_commit
from gatewayz.database.deletion import delete_dependents

logger = logging.getLogger(__name__)

BATCH_ROWS = 1_000

_ERASE_REMAINING = "accounts.profile.erasure.erase_remaining"

# Share of a run for one user, so that a user with many rows does not hold up the others.
_USER_SECONDS = 10


def request_erasure(user_id: int) -> None:
    """Deactivate a user and all of the user's keys for good, and have a worker erase the user.

    Raises Http404 when there is no such user or the erasure was requested before.
    """
    with transaction.atomic():
        users = User.objects.filter(pk=user_id, erased_from=None)
        now = timezone.now()
        if not users.update(
            is_active=False, legacy_key_digest=None, erased_from=now, updated_at=now
        ):
            raise Http404
        ApiKey.objects.filter(user_id=user_id).update(is_active=False, updated_at=now)
        audit.record("erasure_requested", user_id=user_id)
        # Without Redis, the hourly run finds the user.
        after_commit(partial(background.enqueue, _ERASE_REMAINING))


def erase_remaining(after: int = 0) -> int:
    """Erase the users who are to be erased, beginning after the id `after`; also runs every hour.

    A user who cannot be erased is logged and skipped; one with many rows is continued after the
    others. Returns how many were erased; a run that cannot finish in time enqueues another.
    """
    run = TimedRun(_ERASE_REMAINING)
    waiting = User.objects.filter(erased_from__isnull=False, pk__gt=after).order_by("pk")
    # An earlier run may have left rows of users up to `after`.
    erased, is_incomplete = 0, after > 0
    for user_id in list(waiting.values_list("pk", flat=True)):
        if run.left_seconds <= 0:
            run.continue_later(after)
            return erased
        try:
            is_erased = erase(user_id, ends_at=min(run.ends_at, time.monotonic() + _USER_SECONDS))
        except Error:
            logger.exception("Could not erase user %d", user_id)
        else:
            erased += is_erased
            is_incomplete = is_incomplete or not is_erased
        after = user_id
    if is_incomplete:
        run.continue_later()
    return erased


def erase(user_id: int, *, ends_at: float = float("inf")) -> bool:
    """Delete everything that belongs to a user, and finally the user, until `ends_at` (monotonic).

    Only users whose erasure was requested are erased. Returns whether the user is gone.
    """
    requested = User.objects.filter(pk=user_id, erased_from__isnull=False)
    if not requested.exists():
        return True
    _forget_in_admin_log(user_id)
    # One worker at a time, because two could deadlock.
    if not delete_dependents(
        User,
        [user_id],
        ends_at=ends_at,
        batch_rows=BATCH_ROWS,
        lock=requested,
        owners=[user_id],
    ):
        return False
    while audit.has_more_personal_data(user_id, BATCH_ROWS):
        if time.monotonic() >= ends_at:
            return False
        audit.erase_personal_data(user_id, BATCH_ROWS)
    with transaction.atomic():
        # A transaction that adds a reference waits for this one and then finds the user gone.
        user = requested.select_for_update().first()
        if user is not None:
            dead_letters.delete_for_user(user_id)
            audit.erase_personal_data(user_id, BATCH_ROWS)
            user.delete()
    return True


def _forget_in_admin_log(user_id: int) -> None:
    """Anonymise the admin's log, which keeps that there was a change but not of which row."""
    key_ids = ApiKey.objects.filter(user_id=user_id).values_list("pk", flat=True)
    for model, ids in ((User, [user_id]), (ApiKey, key_ids)):
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model),
            object_id__in=[str(row_id) for row_id in ids],
        ).update(object_repr="(erased)", change_message="")
