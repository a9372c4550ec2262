"""Answering a request once, however often it is sent: `Idempotency-Key`.

The key stands in the same transaction as what the request did, so that there is never the one
without the other: a process that dies halfway leaves neither. A request with the same key that
arrives meanwhile waits at the unique index until that transaction ends. Activity is recorded after
it: the key keeps that too, and whoever asks again has it recorded, in case nobody had.
"""

import hashlib
import re
import time
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

from accounts import activity, background
from accounts.principals.principal import AuthenticatedRequest
from chat.models import IdempotencyKey
from gatewayz.api.view import ApiView
from gatewayz.database.after_commit import is_commit_in_doubt
from gatewayz.database.deletion import delete_in_batches
from gatewayz.request import deadline

Post = Callable[..., HttpResponse]

PURGED_ROWS = 1_000
# A run ends before django-q2's time-out and lets another one go on.
_RUN_SECONDS = 30

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

# Takes the key if nobody has it, or if it has ended.
_CLAIM = """
INSERT INTO chat_idempotency_keys AS known (user_id, key, fingerprint, status, body, created_at)
VALUES (%(user_id)s, %(key)s, %(fingerprint)s, 0, '', %(now)s)
ON CONFLICT (user_id, key) DO UPDATE
SET fingerprint = EXCLUDED.fingerprint, created_at = EXCLUDED.created_at
WHERE known.created_at < %(ended)s
RETURNING 1
"""


class IdempotencyConflict(APIException):
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
                "ended": now - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS),
            },
        )
        return cursor.fetchone() is not None


def _first_answer(known: IdempotencyKey, fingerprint: str) -> HttpResponse:
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
    """What makes two requests the same: the path and the JSON, not how it is written."""
    body = msgspec.json.encode(request.data, order="sorted")
    return hashlib.sha256(request.path.encode() + b"\n" + body).hexdigest()


def purge_expired_keys() -> int:
    """Delete the keys that have ended, in bounded batches; runs every hour.

    Returns how many were deleted; a run that is not enough starts another.
    """
    ended_at = timezone.now() - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS)
    purged, complete = delete_in_batches(
        # One that was taken again meanwhile is not ended any more.
        IdempotencyKey.objects.filter(created_at__lt=ended_at).order_by("created_at"),
        ends_at=time.monotonic() + _RUN_SECONDS,
        batch_rows=PURGED_ROWS,
    )
    if not complete:
        background.enqueue("chat.idempotency.purge_expired_keys")
    return purged
