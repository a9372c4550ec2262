"""Answering repeated requests only once, by the header `Idempotency-Key`.

The key is stored in the transaction of the request's change, so that neither exists without the
other: a process that dies halfway leaves neither. A concurrent request with the same key waits at
the unique index until that transaction ends. Activity is recorded after it; the key stores the
events too, and a repeated request records them again, in case the first process died before it
could.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError

from accounts import activity
from accounts.background import TimedRun
from accounts.principals.principal import AuthenticatedRequest
from chat.models import IdempotencyKey
from gatewayz.api.view import ApiView
from gatewayz.database.after_commit import is_commit_in_doubt
from gatewayz.database.deletion import delete_in_batches
from gatewayz.request import deadline

Post = Callable[..., HttpResponse]

PURGED_ROWS = 1_000

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

# Claims the key if it is new or has expired.
_CLAIM = """
INSERT INTO chat_idempotency_keys AS known (user_id, key, fingerprint, status, body, created_at)
VALUES (%(user_id)s, %(key)s, %(fingerprint)s, 0, '', %(now)s)
ON CONFLICT (user_id, key) DO UPDATE
SET fingerprint = EXCLUDED.fingerprint, created_at = EXCLUDED.created_at
WHERE known.created_at < %(expired)s
RETURNING 1
"""


class IdempotencyConflict(APIException):
    """409: the key was used with another request."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "This Idempotency-Key was used with another request."
    default_code = "idempotency_key_reused"


def idempotent(post: Post) -> Post:
    """Let a view's `post` answer a repeated `Idempotency-Key` with its first answer again.

    Such an answer says `Idempotent-Replayed: true`, and nothing happens a second time. Only
    success is remembered, for IDEMPOTENCY_KEY_HOURS and one user: after an error the same key
    may try again, with a mended body too.

    The view raises IdempotencyConflict when the key was used for another path or body, and
    ValidationError when it is not 1–255 visible ASCII characters.
    """

    @wraps(post)
    def answer(
        view: ApiView, request: AuthenticatedRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            return post(view, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            message = "This must be 1–255 visible ASCII characters."
            raise ValidationError({"Idempotency-Key": [message]})
        fingerprint = _fingerprint(request)

        used: Any = None
        events: list[bytes] = []
        doubtful: list[bytes] = []

        def answer_in_transaction() -> HttpResponse:
            nonlocal used, events
            with transaction.atomic():
                used = connection.connection
                mine = IdempotencyKey.objects.filter(user_id=request.user.user_id, key=key)
                while not _claim(request.user.user_id, key, fingerprint):
                    known = mine.first()
                    if known is not None:  # it was purged just now
                        return _first_answer(known, fingerprint)
                # An answer that is not of success is an exception here, and ends the transaction.
                with activity.collect_events() as events:
                    response = post(view, request, *args, **kwargs)
                mine.update(
                    status=response.status_code,
                    body=response.content.decode(),
                    activity=b"\n".join(events).decode(),
                )
                activity.record_encoded(events)
            return response

        def answer_once() -> HttpResponse:
            try:
                return answer_in_transaction()
            except OperationalError as error:
                if is_commit_in_doubt(error):
                    doubtful.extend(events)
                raise

        try:
            try:
                return answer_once()
            except (OperationalError, InterfaceError):
                # Lost with its connection: the key makes it safe to do it again, even if it was
                # done.
                is_lost = used is None or used.closed
                if not is_lost or deadline.has_passed():
                    raise
                return answer_once()
        except (OperationalError, InterfaceError):
            # Should it have been done, whoever asks again records the same events, which count
            # once.
            if doubtful:
                activity.record_now(doubtful)
            raise

    return answer


def _claim(user_id: int, key: str, fingerprint: str) -> bool:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "user_id": user_id,
                "key": key,
                "fingerprint": fingerprint,
                "now": now,
                "expired": now - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS),
            },
        )
        return cursor.fetchone() is not None


def _first_answer(known: IdempotencyKey, fingerprint: str) -> HttpResponse:
    """Return the stored answer of the first request, and record its events again."""
    if known.fingerprint != fingerprint:
        raise IdempotencyConflict
    activity.record_encoded(known.activity.encode().splitlines())
    return HttpResponse(
        known.body,
        status=known.status,
        content_type="application/json",
        headers={"Idempotent-Replayed": "true"},
    )


def _fingerprint(request: AuthenticatedRequest) -> str:
    """Return a digest of the path and the parsed JSON, by which two requests are the same."""
    body = msgspec.json.encode(request.data, order="sorted")
    return hashlib.sha256(request.path.encode() + b"\n" + body).hexdigest()


def purge_expired_keys() -> int:
    """Delete the expired keys in bounded batches; runs every hour.

    Returns how many were deleted; a run that cannot finish in time enqueues another.
    """
    expired_at = timezone.now() - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS)
    run = TimedRun("chat.idempotency.purge_expired_keys")
    purged, complete = delete_in_batches(
        # The condition is checked again on deletion, because a key may have been claimed anew.
        IdempotencyKey.objects.filter(created_at__lt=expired_at).order_by("created_at"),
        ends_at=run.ends_at,
        batch_rows=PURGED_ROWS,
    )
    if not complete:
        run.continue_later()
    return purged
