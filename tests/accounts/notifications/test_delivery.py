"""Delivery: once per cause, whatever process dies in between."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import Notification, NotificationPreferences, User
from accounts.notifications import Notice, delivery, emails, notify
from tests.couriers import deliver_due

pytestmark = pytest.mark.django_db(transaction=True)


def notice(user, cause="because", kind=Notification.Kind.TEST):
    return Notice(user.pk, kind, cause, {})


def queued_notification(user, **fields):
    (notification_id,) = notify([notice(user)])
    Notification.objects.filter(pk=notification_id).update(**fields)
    return Notification.objects.get(pk=notification_id)


def set_address(user, email):
    User.objects.filter(pk=user.pk).update(email=email, email_verified_at=timezone.now())


def make_due(notification):
    Notification.objects.filter(pk=notification.pk).update(due_at=timezone.now())


def at_once(function, arguments):
    """Call a function for each argument in its own thread, like concurrent workers."""
    barrier = threading.Barrier(len(arguments))

    def call(argument):
        barrier.wait()
        try:
            return function(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as threads:
        return list(threads.map(call, arguments))


def test_concurrent_workers_notify_of_a_cause_once(user):
    made = at_once(notify, [[notice(user), notice(user, "other")] for _ in range(8)])

    assert sorted(len(ids) for ids in made) == [0] * 7 + [2]
    assert Notification.objects.count() == 2


def test_concurrent_couriers_send_an_email_once(user, smtp):
    notification = queued_notification(user)

    at_once(lambda _: deliver_due(), range(8))

    notification.refresh_from_db()
    assert len(smtp.messages) == 1
    assert (notification.status, notification.attempts) == ("sent", 1)


def test_notifying_takes_one_statement_and_no_other_service(
    user, django_assert_num_queries, no_redis
):
    NotificationPreferences.objects.create(user=user, webhook_url="https://example.com/")

    with django_assert_num_queries(1):
        ids = notify([notice(user)])

    assert len(ids) == 2


def test_a_rolled_back_transaction_notifies_nobody(user):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify([notice(user)])
        raise ZeroDivisionError

    assert not Notification.objects.exists()


def test_opt_outs_and_deactivated_users_are_respected(user):
    NotificationPreferences.objects.create(user=user, usage_alerts=False)
    assert notify([notice(user, kind=Notification.Kind.QUOTA_REACHED)]) == []
    NotificationPreferences.objects.update(email_notifications=False)
    assert notify([notice(user)]) == []

    NotificationPreferences.objects.all().delete()
    user.is_active = False
    user.save()
    assert notify([notice(user)]) == []


def test_a_new_key_is_announced_without_its_secret(user, work):
    key, secret = create_key(user, key_name="CI & deploy")

    work()

    (message,) = mail.outbox
    assert message.subject == "Gatewayz: a new API key"
    assert f'"CI & deploy" ({key.masked})' in message.body
    assert secret not in message.body


@pytest.mark.parametrize("kind", Notification.Kind.values)
def test_every_kind_has_a_text_that_reads_well(user, kind):
    details = {
        "key_name": "CI\nSubject: x",
        "masked_key": "gw_live_ab…wxyz",
        "of_what": 'the API key "CI"',
        "used": 80,
        "limit": 100,
        "percent": 80,
        "network": "203.0.113.0/24",
        "ends_on": "2026-03-01",
        "ends_at_time": "12:00",
        "first": "2026-01-31",
        "last": "2026-03-01",
        "requests": 1,
        "tokens": 2,
        "spend": "0.30",
        "models": [{"name": "m\nBcc: x", "requests": 1, "tokens": 2, "spend": "0.30"}],
    }

    body = emails.render(Notification(user=user, kind=kind, details=details))

    assert body.startswith("Hello,\n\n")
    assert user.email in body
    assert "\n\n\n" not in body
    assert "\nSubject" not in body
    assert "\nBcc" not in body
    assert "{" not in body


@pytest.mark.parametrize("kind", Notification.Kind.values)
def test_a_subject_contains_no_text_of_a_user(user, kind):
    names = ("key_name", "of_what", "network", "ends_on", "first", "last", "percent")
    notify(
        [Notice(user.pk, Notification.Kind(kind), "because", dict.fromkeys(names, "evil.example"))]
    )

    deliver_due()

    (message,) = mail.outbox
    assert message.subject.startswith("Gatewayz: ")
    assert "evil" not in message.subject


def test_each_kind_of_message_has_its_own_daily_limit_per_mailbox(user):
    set_address(user, "ada+1@example.com")
    causes = [str(n) for n in range(emails.NOTIFICATIONS_A_DAY + 1)]
    ids = notify([notice(user, cause) for cause in causes])
    deliver_due()

    assert len(mail.outbox) == emails.NOTIFICATIONS_A_DAY
    last = Notification.objects.get(pk=ids[-1])
    assert (last.status, last.error) == (
        "failed",
        "The mailbox has received too many of these today.",
    )

    set_address(user, "ada+2@example.com")
    told_of_network = notice(user, "network", Notification.Kind.KEY_NEW_NETWORK)
    notify([notice(user, "another"), told_of_network])
    deliver_due()
    assert [message.subject for message in mail.outbox[emails.NOTIFICATIONS_A_DAY :]] == [
        "Gatewayz: an API key was used from a new network"
    ]


def test_an_email_is_not_sent_again_when_its_worker_died(user):
    notification = queued_notification(user, attempt_started_at=timezone.now(), attempts=1)
    make_due(notification)

    assert delivery.sweep() == 0

    notification.refresh_from_db()
    assert notification.status == "failed"
    assert notification.error == "The worker died while sending this."


def test_a_webhook_is_sent_again_with_the_same_id_when_its_worker_died(user, hook):
    NotificationPreferences.objects.create(
        user=user, email_notifications=False, webhook_url=hook.url
    )
    notification = queued_notification(user)
    deliver_due()
    # As if it had died before it could record the outcome.
    Notification.objects.update(status="pending", attempt_started_at=timezone.now())
    make_due(notification)

    assert delivery.sweep() == 1
    deliver_due()

    assert [body["id"] for body in hook.bodies()] == [notification.pk] * 2
    notification.refresh_from_db()
    assert (notification.status, notification.attempts) == ("delivered", 2)


def test_an_email_deferred_by_the_mail_server_is_retried_a_few_times(user, smtp):
    smtp.data_answer = b"451 later"
    notification = queued_notification(user)

    waits = []
    for _ in range(delivery.MAX_ATTEMPTS):
        make_due(notification)
        deliver_due()
        notification.refresh_from_db()
        waits.append(
            notification.due_at
            and round((notification.due_at - timezone.now()) / timedelta(minutes=1))
        )

    assert waits == [1, 5, 25, 125, None]
    assert (notification.status, notification.attempts) == ("failed", 5)
    assert notification.error == "The mail server rejected the message (451)."
    deliver_due()
    assert len(smtp.messages) == 5


def test_an_email_rejected_by_the_mail_server_is_not_retried(user, smtp):
    smtp.data_answer = b"554 spam"
    notification = queued_notification(user)

    deliver_due()

    notification.refresh_from_db()
    assert (notification.status, notification.attempts) == ("failed", 1)


def test_an_email_that_may_have_been_accepted_is_not_sent_again(user, smtp):
    smtp.data_answer = None
    notification = queued_notification(user)

    deliver_due()

    notification.refresh_from_db()
    assert notification.status == "failed"
    assert notification.error == "The mail server did not say whether it accepted the message."


def test_an_unreachable_mail_server_is_tried_again(user, smtp, settings):
    settings.EMAIL_PORT = 1
    notification = queued_notification(user)

    deliver_due()

    notification.refresh_from_db()
    assert (notification.status, notification.error) == (
        "pending",
        "The mail server did not answer.",
    )
