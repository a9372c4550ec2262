"""Owners of expiring keys are notified a week and a day before, by an hourly task."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import background
from accounts.keys import create_key, deactivate_key
from accounts.models import ApiKey, Notification
from accounts.notifications import expiring_keys
from accounts.notifications.expiring_keys import notify_of_expiring_keys

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key_ending(user):
    """An old key that expires in `days`."""

    def key_ending(days, made_days_ago=100, name="mine"):
        now = timezone.now()
        key, _ = create_key(user, key_name=name, expiration_date=now + timedelta(days=days))
        made = now - timedelta(days=made_days_ago)
        ApiKey.objects.filter(pk=key.pk).update(created_at=made)
        Notification.objects.all().delete()
        return key

    return key_ending


def test_a_user_is_notified_a_week_and_a_day_before_a_key_expires(key_ending, work):
    key = key_ending(8)
    assert notify_of_expiring_keys() == 0
    Notification.objects.all().delete()

    ends_at = timezone.now() + timedelta(days=6.9)
    ApiKey.objects.filter(pk=key.pk).update(expiration_date=ends_at)
    assert [notify_of_expiring_keys(), notify_of_expiring_keys()] == [1, 0]
    work()
    (message,) = mail.outbox
    assert 'The API key "mine" (gw_live_' in message.body
    assert f"expires on {ends_at:%Y-%m-%d}" in message.body

    ApiKey.objects.filter(pk=key.pk).update(expiration_date=timezone.now() + timedelta(hours=20))
    assert [notify_of_expiring_keys(), notify_of_expiring_keys()] == [1, 0]


def test_one_expiry_is_notified_of_only_twice(key_ending, monkeypatch):
    key = key_ending(7)
    assert notify_of_expiring_keys() == 1

    later = timezone.now() + timedelta(days=6, hours=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert [notify_of_expiring_keys(), notify_of_expiring_keys()] == [1, 0]
    causes = Notification.objects.order_by("id").values_list("cause", flat=True)
    assert [cause.rpartition(":")[2] for cause in causes] == ["7d", "1d"]
    assert {cause.partition(":expires")[0] for cause in causes} == {f"key:{key.pk}"}


def test_a_short_lived_key_causes_no_notification(key_ending):
    key_ending(3, made_days_ago=0.1)

    assert notify_of_expiring_keys() == 0


def test_a_deactivated_or_expired_key_causes_no_notification(key_ending):
    deactivate_key(key_ending(3, name="off"))
    key_ending(-1, name="over")

    assert notify_of_expiring_keys() == 0


def test_any_number_of_keys_takes_two_statements_a_page(
    key_ending, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(expiring_keys, "PAGE_ROWS", 3)
    keys = [key_ending(3, name=str(n)) for n in range(4)]
    background.broker().purge_queue()

    # The keys; the notifications.
    with django_assert_num_queries(2):
        assert notify_of_expiring_keys() == 3
    # The next page.
    assert background.broker().queue_size() == 1
    assert notify_of_expiring_keys(after=keys[2].pk) == 1


def test_the_keys_are_found_by_their_index(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser,
                               created_at, updated_at)
            VALUES (1, 'a@example.com', 'a', '', true, false, false, now(), now());
            INSERT INTO api_keys_new (
                user_id, key_name, key_digest, key_prefix, last_four, environment_tag, is_active,
                is_primary, requests_used, created_at, updated_at, expiration_date
            )
            SELECT 1, 'key' || n, md5('key' || n), '', '', 'live', true, false, 0, now(), now(),
                   now() + n * interval '1 hour'
            FROM generate_series(1, 20000) AS n;
            ANALYZE api_keys_new;
            """
        )
    now = timezone.now()
    ending = ApiKey.objects.active().expiring_between(now, now + timedelta(days=7))

    with CaptureQueriesContext(connection):
        plan = ending.filter(pk__gt=0).order_by("pk")[:1000].explain()

    assert "idx_api_keys_new_expiring" in plan
