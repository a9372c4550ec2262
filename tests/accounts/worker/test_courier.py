"""The courier: users take turns, and slow receivers do not hold up others."""

import socket
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.background import failed_rows
from accounts.models import Notification, NotificationPreferences, User
from accounts.notifications import Notice, delivery, notify
from accounts.notifications.delivery import RoundRobin, claim
from accounts.worker.courier import Courier
from tests.accounts.notifications.conftest import hook  # noqa: F401, a fixture
from tests.couriers import deliver_due
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, WEBHOOK = Notification.Channel.EMAIL, Notification.Channel.WEBHOOK


def somebody(name, **preferences):
    user = User.objects.create_user(f"{name}@example.com", email_verified_at=timezone.now())
    if preferences:
        NotificationPreferences.objects.create(user=user, **preferences)
    return user


def queue_notifications(user, times=1):
    notify([Notice(user.pk, Notification.Kind.TEST, f"cause {n}", {}) for n in range(times)])


@contextmanager
def tarpit():
    """An address that accepts connections and never answers, and the connections accepted."""
    taken = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take():
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/", taken
        finally:
            # Wakes the thread, which close() would not.
            server.shutdown(socket.SHUT_RDWR)
            for one in taken:
                one.close()


def test_slow_webhooks_of_one_user_do_not_delay_others(hook):  # noqa: F811
    others = [
        somebody(f"other{n}", email_notifications=False, webhook_url=hook.url) for n in range(3)
    ]
    courier = Courier()
    with tarpit() as (url, taken):
        slow = somebody("slow", email_notifications=False, webhook_url=url)
        queue_notifications(slow, 40)
        courier.poll()
        wait_until(lambda: taken)
        for other in others:
            queue_notifications(other)

        def are_told():
            courier.poll()
            return {body["user_id"] for body in hook.bodies()} == {user.pk for user in others}

        wait_until(are_told)

        # One at a time.
        assert len(taken) == 1
        being_sent = [
            row.user for sender in courier.senders for row in sender.in_progress.values()
        ]
        assert being_sent.count(slow) == 1
    courier.finish()


def test_e_mail_does_not_wait_for_webhooks(monkeypatch, settings):
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True
    monkeypatch.setattr("accounts.worker.courier.WEBHOOKS", 1)
    courier = Courier()
    with tarpit() as (url, taken):
        queue_notifications(somebody("slow", email_notifications=False, webhook_url=url), 3)
        courier.poll()
        wait_until(lambda: taken)
        reader = somebody("reader")
        queue_notifications(reader)

        wait_until(lambda: courier.poll() or mail.outbox)

        assert mail.outbox[0].to == [reader.email]
    courier.finish()


def test_users_take_turns(user):
    busy, rare = somebody("busy"), somebody("rare")
    queue_notifications(busy, 3)
    queue_notifications(rare)
    position, order = RoundRobin(EMAIL), []

    for _ in range(6):
        for notification in claim(position, 1):
            order.append(notification.user)
            delivery.record_outcome(notification, delivery.send(notification))

    assert order == [busy, rare, busy, busy]


def test_a_user_is_sent_one_notification_at_a_time():
    busy = somebody("busy")
    queue_notifications(busy, 3)

    (first,) = claim(RoundRobin(EMAIL), 10)
    assert claim(RoundRobin(EMAIL), 10) == []
    delivery.record_outcome(first, delivery.send(first))

    assert len(claim(RoundRobin(EMAIL), 10)) == 1


def test_everyone_is_reached_however_many_wait_for_a_retry(monkeypatch):
    monkeypatch.setattr(delivery, "USERS_PER_STATEMENT", 3)
    users = [somebody(f"user{n}") for n in range(10)]
    for user in users:
        queue_notifications(user)
    later = timezone.now() + timedelta(hours=1)
    Notification.objects.exclude(user=users[-1]).update(due_at=later)
    position = RoundRobin(EMAIL)

    claimed = [notification.user for _ in range(4) for notification in claim(position, 5)]

    assert claimed == [users[-1]]
    assert position.after_user_id == 0


def test_the_oldest_notification_is_sent_first():
    reader = somebody("reader")
    queue_notifications(reader, 3)

    deliver_due()

    ids = Notification.objects.order_by("finished_at").values_list("pk", flat=True)
    assert list(ids) == sorted(ids)


@pytest.fixture
def refuse_one():
    """Make the database reject changes of one notification."""

    def refuse(notification_id):
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'out of range' USING ERRCODE = '22003'; END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON notifications
                FOR EACH ROW WHEN (OLD.id = {notification_id}) EXECUTE FUNCTION refuse();
                """
            )

    yield refuse
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS refuse CASCADE")


def test_a_notification_that_cannot_be_claimed_is_logged_once_and_others_are_sent(
    refuse_one, caplog
):
    users = [somebody(f"user{n}") for n in range(5)]
    for user in users:
        queue_notifications(user, 2)
    bad = Notification.objects.filter(user=users[2]).earliest("pk")
    refuse_one(bad.pk)

    deliver_due()

    assert set(Notification.objects.filter(status="pending")) == {bad}
    assert len(mail.outbox) == 9
    assert f"notifications failed for notification {bad.pk}" in caplog.messages
    assert failed_rows.counts() == {"notifications": 1}


def test_a_claim_that_cannot_be_ended_does_not_block_others(refuse_one, caplog):
    users = [somebody(f"user{n}") for n in range(5)]
    for user in users:
        queue_notifications(user)
    Notification.objects.update(
        channel=WEBHOOK, attempts=1, attempt_started_at=timezone.now(), due_at=timezone.now()
    )
    bad = Notification.objects.get(user=users[2])
    refuse_one(bad.pk)

    assert delivery.sweep() == 4

    assert set(Notification.objects.exclude(attempt_started_at=None)) == {bad}
    assert f"notifications failed for notification {bad.pk}" in caplog.messages


def test_an_outcome_is_not_recorded_for_an_expired_claim():
    queue_notifications(somebody("reader"))
    (notification,) = claim(RoundRobin(EMAIL), 1)
    Notification.objects.update(due_at=timezone.now())
    delivery.sweep()

    delivery.record_outcome(notification, delivery.send(notification))

    notification.refresh_from_db()
    assert (notification.status, notification.error) == (
        "failed",
        "The worker died while sending this.",
    )


def test_sending_takes_no_statement(django_assert_num_queries, hook):  # noqa: F811
    queue_notifications(somebody("both", webhook_url=hook.url))
    both = [*claim(RoundRobin(EMAIL), 1), *claim(RoundRobin(WEBHOOK), 1)]

    with django_assert_num_queries(0):
        outcomes = [delivery.send(notification) for notification in both]

    assert [outcome.status for outcome in outcomes] == ["sent", "delivered"]


def test_the_next_user_is_found_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser,
                created_at, updated_at)
            SELECT n, n || '@example.com', n, '', true, false, false, now(), now()
            FROM generate_series(1000000, 1000499) AS n;
            INSERT INTO notifications (user_id, kind, cause, channel, details, status, error,
                attempts, created_at, due_at, finished_at)
            SELECT 1000000 + n % 500, 'test', n, 'email', '{}',
                CASE WHEN n % 10 = 0 THEN 'pending' ELSE 'sent' END, '', 0, now(), now(), NULL
            FROM generate_series(1, 50000) AS n;
            ANALYZE users, notifications;
            """
        )
        cursor.execute(
            f"EXPLAIN {delivery.NEXT_IN_TURN}",
            {"channel": "email", "after": 0, "users": 100, "unclaimable": []},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "idx_notifications_waiting" in plan
    assert "Seq Scan" not in plan


def test_expired_claims_are_found_by_their_index():
    queue_notifications(somebody("reader"))

    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        try:
            plan = Notification.objects.with_expired_claim().explain()
        finally:
            cursor.execute("RESET enable_seqscan")

    assert "idx_notifications_claimed" in plan
