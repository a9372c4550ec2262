"""Delivering notifications: claiming them, sending each, and recording the outcome.

The rows are the queue. The courier (`accounts.worker.courier`) delivers them instead of tasks,
because a receiver that a user chose may be slow, and nothing else may wait for it. Users take
turns, and each is sent one message at a time per channel.

A claim is committed before its notification is sent, so two couriers never send the same one. If a
courier dies between sending and recording the outcome, its claim expires. Then an e-mail, which
may have been sent, is not sent again (at most once); a webhook is sent again with the same id, by
which the receiver can recognise it (at least once).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from redis.exceptions import RedisError

from accounts import audit
from accounts.background import failed_rows
from accounts.models import Notification
from accounts.notifications import emails, webhooks
from accounts.notifications.delivery_error import DeliveryError
from gatewayz.database.bad_rows import skipping_bad_rows

MAX_ATTEMPTS = 5
# How long a claim is valid: longer than an attempt takes on either channel.
LEASE_SECONDS = 120
# Waits 1, 5, 25 and 125 minutes between attempts.
_BACKOFF_BASE = 5
_SWEPT_ROWS = 500
# How many users one statement looks at, which takes about 30 ms. Many users may have only
# notifications that wait for a later attempt.
USERS_PER_STATEMENT = 10_000


def retry_failed(notifications: QuerySet[Notification]) -> int:
    """Send the failed ones among `notifications` again, soon, with as many attempts as at first.

    Returns how many there were. Two statements for each, for the audit log.
    """
    with transaction.atomic():
        failed = notifications.filter(status=Notification.Status.FAILED)
        chosen = dict(failed.select_for_update().values_list("pk", "user_id"))
        Notification.objects.filter(pk__in=chosen).update(
            status=Notification.Status.PENDING,
            attempts=0,
            attempt_started_at=None,
            due_at=timezone.now(),
            finished_at=None,
        )
        for pk, user_id in chosen.items():
            audit.record("notification_retried", user_id=user_id, target=f"notification:{pk}")
    return len(chosen)


_SEND = {
    Notification.Channel.EMAIL.value: emails.send,
    Notification.Channel.WEBHOOK.value: webhooks.send,
}

# The first number of an advisory lock; the second is that of the channel.
_CLAIM_LOCK = 1_871_403_255

# Steps from user to user along idx_notifications_waiting, so that the cost does not depend on how
# much one user has waiting.
NEXT_IN_TURN = """
WITH RECURSIVE waiting (user_id, place) AS (
    (
        SELECT user_id, 1 FROM notifications
        WHERE status = 'pending' AND channel = %(channel)s AND user_id > %(after)s
        ORDER BY user_id LIMIT 1
    )
    UNION ALL
    SELECT further.user_id, place + 1 FROM waiting CROSS JOIN LATERAL (
        SELECT user_id FROM notifications
        WHERE status = 'pending' AND channel = %(channel)s AND user_id > waiting.user_id
        ORDER BY user_id LIMIT 1
    ) AS further
    WHERE place < %(users)s
)
SELECT waiting.user_id, due.id
FROM waiting LEFT JOIN LATERAL (
    SELECT id FROM notifications
    WHERE status = 'pending' AND channel = %(channel)s AND user_id = waiting.user_id
        AND attempt_started_at IS NULL AND due_at <= now() AND id <> ALL (%(unclaimable)s)
    ORDER BY due_at, id LIMIT 1
) AS due ON NOT EXISTS (
    SELECT FROM notifications
    WHERE status = 'pending' AND channel = %(channel)s AND user_id = waiting.user_id
        AND attempt_started_at IS NOT NULL
)
ORDER BY waiting.user_id
"""


@dataclass
class RoundRobin:
    """A courier's position among the users who have notifications waiting on one channel.

    `after_user_id` is the last user served; 0 starts again at the first. `unclaimable` holds the
    ids of notifications that the database failed to update.
    """

    channel: Notification.Channel
    after_user_id: int = 0
    unclaimable: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Outcome:
    """The outcome of an attempt: a final status, or else the error and whether to retry."""

    status: Notification.Status | None
    error: str = ""
    may_retry: bool = False


def claim(position: RoundRobin, most: int) -> list[Notification]:
    """Claim up to `most` due notifications, at most one per user, in one transaction.

    Returns fewer than `most` when the users looked at have no more due. All users have been looked
    at only if `position.after_user_id` is 0 afterwards. Returns nothing while another courier is
    claiming. Runs four statements.

    Raises django.db.Error.
    """
    now = timezone.now()
    with transaction.atomic():
        if not _is_alone(position.channel):
            return []
        found = _next_in_turn(position)
        due = [(user_id, row_id) for user_id, row_id in found if row_id is not None][:most]

        def set_aside(row_id: int, error: Exception) -> None:
            position.unclaimable.add(row_id)
            failed_rows.record("notifications", f"notification {row_id}", error)

        skipping_bad_rows([row_id for _, row_id in due], lambda ids: _claim(ids, now), set_aside)
        if len(due) == most:
            position.after_user_id = due[-1][0]
        else:
            position.after_user_id = found[-1][0] if len(found) == USERS_PER_STATEMENT else 0
        # Loads everything that sending needs, since sending uses no database.
        claimed = Notification.objects.filter(
            pk__in=[row_id for _, row_id in due], attempt_started_at=now
        )
        return list(claimed.select_related("user__notification_preferences"))


def send(notification: Notification) -> Outcome:
    """Send a claimed notification. It uses no database, so it may run in any thread."""
    try:
        return Outcome(_SEND[notification.channel](notification))
    except DeliveryError as error:
        return Outcome(None, str(error), error.may_retry)
    except RedisError:
        # Raised before sending, while checking the mailbox's daily limit.
        return Outcome(None, "The rate limits are unavailable.", may_retry=True)


def record_outcome(notification: Notification, outcome: Outcome) -> None:
    """Record the outcome of sending a notification, unless its claim has expired meanwhile.

    Raises django.db.Error; then it may be called again.
    """
    claimed = Notification.objects.filter(
        pk=notification.pk, attempt_started_at=notification.attempt_started_at
    )
    if outcome.status is not None:
        claimed.finish(outcome.status)
    elif outcome.may_retry and notification.attempts < MAX_ATTEMPTS:
        minutes = _BACKOFF_BASE ** (notification.attempts - 1)
        due_at = timezone.now() + timedelta(minutes=minutes)
        claimed.update(error=outcome.error, attempt_started_at=None, due_at=due_at)
    else:
        claimed.finish(Notification.Status.FAILED, outcome.error)


def sweep() -> int:
    """End the claims of dead couriers; runs every minute.

    Returns how many notifications will be sent again. Raises django.db.Error; the next sweep
    continues.
    """
    expired = Notification.objects.with_expired_claim().values_list("pk", flat=True)
    return skipping_bad_rows(
        list(expired[:_SWEPT_ROWS]),
        _release,
        lambda row_id, error: failed_rows.record("notifications", f"notification {row_id}", error),
    )


def _is_alone(channel: Notification.Channel) -> bool:
    """Try to lock claiming for this transaction; two couriers could both see a user as idle."""
    with connection.cursor() as cursor:
        number = list(Notification.Channel).index(channel)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_CLAIM_LOCK, number])
        (is_locked,) = cursor.fetchone()
    return bool(is_locked)


def _next_in_turn(position: RoundRobin) -> list[tuple[int, int | None]]:
    """Return the next users in turn, each with the notification that is due, if any."""
    with connection.cursor() as cursor:
        cursor.execute(
            NEXT_IN_TURN,
            {
                "channel": position.channel.value,
                "after": position.after_user_id,
                "users": USERS_PER_STATEMENT,
                "unclaimable": list(position.unclaimable),
            },
        )
        return list(cursor.fetchall())


def _claim(ids: Sequence[int], now: datetime) -> int:
    idle = Notification.objects.filter(
        pk__in=ids, status=Notification.Status.PENDING, attempt_started_at=None
    )
    # A savepoint, so that the surrounding transaction survives a row that is rejected.
    with transaction.atomic():
        return idle.update(
            attempt_started_at=now,
            attempts=F("attempts") + 1,
            due_at=now + timedelta(seconds=LEASE_SECONDS),
        )


def _release(ids: Sequence[int]) -> int:
    """Fail e-mails and notifications with too many attempts; make the others due again."""
    with transaction.atomic():
        rows = Notification.objects.with_expired_claim().filter(pk__in=ids)
        expired = rows.select_for_update(skip_locked=True)
        again = {
            notification.pk
            for notification in expired
            if notification.channel == Notification.Channel.WEBHOOK
            and notification.attempts < MAX_ATTEMPTS
        }
        lost = Notification.objects.filter(pk__in={row.pk for row in expired} - again)
        lost.finish(Notification.Status.FAILED, "The worker died while sending this.")
        return Notification.objects.filter(pk__in=again).update(
            attempt_started_at=None, due_at=timezone.now()
        )
