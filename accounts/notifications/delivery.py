"""The worker's side of notifications: sending each, and looking after those left pending.

Before it sends, a worker claims the notification, in a transaction of its own; so two never send
the same one. One that dies between sending and saying so leaves a claim behind. What that means
differs by channel: an e-mail may have been taken, and is not sent again (at most once); a webhook
is sent again (at least once), with the same id, for the receiver to recognise.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import background
from accounts.models import Notification
from accounts.notifications import emails, webhooks
from accounts.notifications.notices import LEASE_SECONDS
from accounts.notifications.undelivered import Undelivered

MAX_ATTEMPTS = 5
# Between one attempt and the next: 1, 5, 25 and 125 minutes.
_BACKOFF_BASE = 5
_SWEPT_ROWS = 500

_SEND = {
    Notification.Channel.EMAIL.value: emails.send,
    Notification.Channel.WEBHOOK.value: webhooks.send,
}


def deliver(notification_id: int) -> None:
    """Send a pending notification, unless another worker is at it, and note what became of it.

    Raises django.db.Error; the sweep then looks after it.
    """
    now = timezone.now()
    claimed = Notification.objects.filter(
        pk=notification_id, status=Notification.Status.PENDING, attempt_started_at=None
    )
    notification = claimed.select_related("user__notification_preferences").first()
    if notification is None:
        return
    notification.attempts += 1
    is_ours = claimed.update(
        attempt_started_at=now,
        attempts=notification.attempts,
        due_at=now + timedelta(seconds=LEASE_SECONDS),
    )
    if not is_ours:
        return
    try:
        _finish(notification, _SEND[notification.channel](notification))
    except Undelivered as undelivered:
        if undelivered.may_try_again and notification.attempts < MAX_ATTEMPTS:
            _put_off(notification, str(undelivered))
        else:
            _finish(notification, Notification.Status.FAILED, str(undelivered))


def sweep() -> int:
    """Look after pending notifications whose task is lost, or was to try again; every minute.

    Returns how many it had sent again.

    Raises django.db.Error and redis.exceptions.RedisError; a later sweep goes on.
    """
    with transaction.atomic():
        due = Notification.objects.due().select_for_update(skip_locked=True)[:_SWEPT_ROWS]
        lost = [notification for notification in due if not _may_send_again(notification)]
        again = [notification for notification in due if _may_send_again(notification)]
        for notification in lost:
            _finish(notification, Notification.Status.FAILED, "A worker ended while sending this.")
        Notification.objects.filter(pk__in=[notification.pk for notification in again]).update(
            attempt_started_at=None, due_at=timezone.now() + timedelta(seconds=LEASE_SECONDS)
        )
    for notification in again:
        background.enqueue("accounts.notifications.delivery.deliver", notification.pk)
    return len(again)


def _may_send_again(notification: Notification) -> bool:
    if notification.attempt_started_at is None:
        return True
    return (
        notification.channel == Notification.Channel.WEBHOOK
        and notification.attempts < MAX_ATTEMPTS
    )


def _finish(notification: Notification, status: Notification.Status, error: str = "") -> None:
    Notification.objects.filter(pk=notification.pk).update(
        status=status,
        error=error,
        attempt_started_at=None,
        due_at=None,
        finished_at=timezone.now(),
    )


def _put_off(notification: Notification, error: str) -> None:
    minutes = _BACKOFF_BASE ** (notification.attempts - 1)
    Notification.objects.filter(pk=notification.pk).update(
        error=error,
        attempt_started_at=None,
        due_at=timezone.now() + timedelta(minutes=minutes),
    )
