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

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts import activity
from accounts.background import TimedRun
from accounts.principals.principal import AuthenticatedRequest
from chat.models import IdempotencyKey
from gatewayz.api.bodies import encode_sorted
from gatewayz.api.view import ApiView
from gatewayz.database.after_commit import is_commit_in_doubt
from gatewayz.database.deletion import delete_in_batches
from gatewayz.errors import Conflict
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


class IdempotencyConflict(Conflict):
    """409: the key was used with another request."""

    default_detail = "This Idempotency-Key was used with another request."
    default_code = "idempotency_key_reused"


def idempotent(post: Post) -> Post:
    """Make a view's `post` answer a repeated `Idempotency-Key` with its first answer.

    A repeated answer has the header `Idempotent-Replayed: true`, and nothing is done a second
    time. Only answers of what is done (no error and no 202) are stored, for IDEMPOTENCY_KEY_HOURS
    and per user: after an error, the same key can be used again, also with a corrected body.

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
        once = _OnceOnly(request, key, lambda: post(view, request, *args, **kwargs))
        return once.answer()

    return answer


class _OnceOnly:
    """A request with an `Idempotency-Key`, done while it holds the claim to its key."""

    def __init__(
        self, request: AuthenticatedRequest, key: str, do: Callable[[], HttpResponse]
    ) -> None:
        self._user_id = request.user.user_id
        self._key = key
        self._fingerprint = _fingerprint(request)
        self._do = do
        # The database connection of the last attempt, and the events that it collected.
        self._connection: Any = None
        self._events: list[bytes] = []
        self._events_in_doubt: list[bytes] = []

    def answer(self) -> HttpResponse:
        """Do the request and return its answer, or return the stored one.

        After a lost connection it tries once more; the key makes that safe even if the first
        attempt was committed.
        """
        try:
            try:
                return self._attempt()
            except (OperationalError, InterfaceError):
                is_lost = self._connection is None or self._connection.closed
                if not is_lost or deadline.has_passed():
                    raise
                return self._attempt()
        except (OperationalError, InterfaceError):
            # If it was committed after all, a repeated request records the same events, and each
            # event counts once.
            if self._events_in_doubt:
                activity.record_now(self._events_in_doubt)
            raise

    def _attempt(self) -> HttpResponse:
        try:
            return self._answer_in_transaction()
        except OperationalError as error:
            if is_commit_in_doubt(error):
                self._events_in_doubt += self._events
            raise

    def _answer_in_transaction(self) -> HttpResponse:
        with transaction.atomic():
            self._connection = connection.connection
            mine = IdempotencyKey.objects.filter(user_id=self._user_id, key=self._key)
            while not _claim(self._user_id, self._key, self._fingerprint):
                known = mine.first()
                if known is not None:  # else it was purged just now
                    return _first_answer(known, self._fingerprint)
            # Unsuccessful answers are exceptions here, which roll the transaction back.
            with activity.collect_events() as self._events:
                response = self._do()
            if response.status_code == HTTPStatus.ACCEPTED:
                # The work is not done: a repeated request continues it or reports its progress.
                mine.delete()
            else:
                mine.update(
                    status=response.status_code,
                    body=response.content.decode(),
                    activity=b"\n".join(self._events).decode(),
                )
            activity.record_encoded(self._events, is_repeatable=True)
        return response


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
    activity.record_encoded(known.activity.encode().splitlines(), is_repeatable=True)
    return HttpResponse(
        known.body,
        status=known.status,
        content_type="application/json",
        headers={"Idempotent-Replayed": "true"},
    )


def _fingerprint(request: AuthenticatedRequest) -> str:
    """Return a digest of the path and the parsed JSON, which is the same for equal requests."""
    body = encode_sorted(request.data)
    return hashlib.sha256(request.path.encode() + b"\n" + body).hexdigest()


def purge_expired_keys() -> int:
    """Delete the expired keys in bounded batches; runs every hour.

    Returns how many were deleted; a run that cannot finish in time enqueues another.
    """
    expired_at = timezone.now() - timedelta(hours=settings.IDEMPOTENCY_KEY_HOURS)
    run = TimedRun("chat.idempotency.purge_expired_keys")
    purged, complete = delete_in_batches(
        # The condition is checked again on deletion, because a key may have been claimed again.
        IdempotencyKey.objects.filter(created_at__lt=expired_at).order_by("created_at"),
        ends_at=run.ends_at,
        batch_rows=PURGED_ROWS,
    )
    if not complete:
        run.continue_later()
    return purged
