"""Erasing a user and all that is the user's.

The request only switches the user and the keys off; a worker deletes, a bounded batch per
transaction, so that it may be killed at any moment and goes on where it was.

What is the user's is what refers to the user in the database, by any number of steps: a table
that is added is erased too. The audit log refers to nobody; it keeps the bare id.
"""

import time
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.http import Http404
from django.utils import timezone

from accounts import audit, background
from accounts.activity import dead_letters
from accounts.models import ApiKey, User

BATCH_ROWS = 1_000

# A run ends before django-q2's time-out and lets another one go on.
_RUN_SECONDS = 30

Rows = models.QuerySet[Any]


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
        transaction.on_commit(_have_the_rest_erased, robust=True)


def erase_remaining() -> int:
    """Erase the users who asked for it; runs every hour too.

    Returns how many are erased; a run that is not enough starts another. Raises django.db.Error;
    what is gone stays gone.
    """
    ends_at = time.monotonic() + _RUN_SECONDS
    waiting = User.objects.filter(erased_from__isnull=False).order_by("erased_from")
    erased = 0
    for user_id in list(waiting.values_list("pk", flat=True)[:BATCH_ROWS]):
        if not erase(user_id, seconds=ends_at - time.monotonic()):
            _have_the_rest_erased()
            break
        erased += 1
    return erased


def _have_the_rest_erased() -> None:
    background.enqueue("accounts.profile.erasure.erase_remaining")


def erase(user_id: int, *, seconds: float = float("inf")) -> bool:
    """Delete what is the user's, and the user at last, unless that takes more than `seconds`.

    Only who has asked for it is erased. Returns whether the user is gone.
    """
    ends_at = time.monotonic() + seconds
    asked = User.objects.filter(pk=user_id, erased_from__isnull=False)
    if not asked.exists():
        return True
    _forget_in_admin_log(user_id)
    for rows in _rows_of(asked):
        while batch := list(rows.order_by().values_list("pk", flat=True)[:BATCH_ROWS]):
            if time.monotonic() >= ends_at:
                return False
            with transaction.atomic():
                # One worker at a time, or two could wait for each other's rows.
                asked.select_for_update(no_key=True).first()
                rows.model._default_manager.filter(pk__in=batch).delete()
    with transaction.atomic():
        # Whoever refers to it now waits, and then finds it gone.
        user = asked.select_for_update().first()
        if user is not None:
            dead_letters.forget(user_id)
            audit.forget_person(user_id)
            user.delete()
    return True


def _rows_of(owners: Rows, above: tuple[type[models.Model], ...] = ()) -> Iterator[Rows]:
    """The rows that go with these, by table; what refers to others comes before them."""
    above = (*above, owners.model)
    for relation in owners.model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.related_model in above:
            continue
        if relation.on_delete is models.CASCADE:
            manager = relation.related_model._default_manager
            rows = manager.filter(**{f"{relation.field.name}__in": owners.order_by().values("pk")})
            yield from _rows_of(rows, above)
            yield rows


def _forget_in_admin_log(user_id: int) -> None:
    """The admin's log keeps that there was a change, not to whom or to which key."""
    key_ids = ApiKey.objects.filter(user_id=user_id).values_list("pk", flat=True)
    for model, ids in ((User, [user_id]), (ApiKey, key_ids)):
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model),
            object_id__in=[str(row_id) for row_id in ids],
        ).update(object_repr="(erased)", change_message="")
