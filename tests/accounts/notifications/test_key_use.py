"""Notifications triggered by key usage: quotas and new networks, found by the worker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, OperationalError, connection

from accounts import activity
from accounts.activity import buffer
from accounts.activity.events import Event, new_event_id, write_events
from accounts.models import ActivityDay, ApiKey, ApiKeyNetwork, Notification, Plan
from accounts.notifications import activity_checks
from accounts.notifications.activity_checks import notify_after_activity
from accounts.notifications.networks import (
    MAX_NETWORKS,
    REMEMBERED_DAYS,
    KeyUse,
    remember_networks,
)
from accounts.worker import drain

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = "/v1/chat/sessions"


def use(key, times=1):
    for _ in range(times):
        activity.record(user_id=key.user_id, api_key_id=key.pk, finish_reason="tested")
    drain.drain()


def kinds():
    return list(Notification.objects.order_by("id").values_list("kind", flat=True))


def known(key):
    return set(ApiKeyNetwork.objects.filter(api_key=key).values_list("network", flat=True))


@pytest.fixture
def limited(key):
    ApiKey.objects.filter(pk=key.pk).update(max_requests=10)
    return key


def test_a_quota_is_notified_of_once_at_80_and_once_at_100_percent(limited, work):
    use(limited, 7)
    assert kinds() == []
    use(limited)
    assert kinds() == ["quota_warning"]
    use(limited)
    use(limited)
    use(limited, 3)

    assert kinds() == ["quota_warning", "quota_reached"]
    work()
    warning, reached = mail.outbox
    assert 'of the 10 requests of the API key "first" are used.' in warning.body
    assert 'All 10 requests of the API key "first" are used.' in reached.body


def test_a_quota_used_up_in_one_batch_is_notified_of_once(limited):
    use(limited, 12)

    assert kinds() == ["quota_reached"]


def test_a_raised_quota_is_notified_of_again(limited):
    use(limited, 10)
    ApiKey.objects.filter(pk=limited.pk).update(max_requests=20)
    use(limited, 6)

    assert kinds() == ["quota_reached", "quota_warning"]


def test_a_key_without_a_quota_causes_no_notification(key):
    use(key, 50)

    assert kinds() == []


def test_the_monthly_limit_is_notified_of_once_at_80_and_once_at_100_percent(user, key, work):
    Plan.objects.filter(pk=user.plan_id).update(name="Small", monthly_request_limit=10)
    last_month = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    ActivityDay.objects.create(
        user=user, day=last_month, model="", provider="", requests=99, tokens=0, spend=0, logged=0
    )

    use(key, 7)
    assert kinds() == []
    for _ in range(5):
        use(key)

    assert kinds() == ["quota_warning", "quota_reached"]
    work()
    month = datetime.now(UTC).strftime("%B %Y")
    assert f"of the 10 requests of the plan Small in {month} are used." in mail.outbox[0].body


def test_a_plan_without_a_monthly_limit_causes_no_notification(user, key):
    Plan.objects.filter(pk=user.plan_id).update(monthly_request_limit=None)
    use(key, 20)

    assert kinds() == []


def test_a_batch_without_news_takes_three_extra_statements(limited, django_assert_num_queries):
    network = "203.0.113.0/24"
    remember_networks([KeyUse(limited.pk, network)])
    event = Event(
        new_event_id(), limited.user_id, limited.pk, datetime.now(UTC),
        "", "", 0, 0.0, 0.0, "", "", {}, "", network,
    )  # fmt: skip

    # Plans and keys that are nearly used up; unknown networks.
    with django_assert_num_queries(3):
        notify_after_activity([event])


def test_activity_is_written_even_when_notifying_fails(key, monkeypatch, caplog):
    def refuse(key_ids):
        raise IntegrityError

    monkeypatch.setattr(activity_checks, "notify_of_key_quotas", refuse)
    use(key)

    key.refresh_from_db()
    assert key.requests_used == 1
    assert f"key_quotas failed for API key {key.pk}" in caplog.text


def test_a_batch_waits_for_an_unreachable_database(limited, monkeypatch):
    def fail(key_ids):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(activity_checks, "notify_of_key_quotas", fail)
        with pytest.raises(OperationalError):
            use(limited, 10)
    assert buffer.waiting() == 10
    drain.drain()

    limited.refresh_from_db()
    assert (limited.requests_used, kinds()) == (10, ["quota_reached"])


def test_a_new_network_is_notified_of_once(api, key, work):
    def ask(address):
        response = api.post_json(SESSIONS, {}, REMOTE_ADDR=address)
        assert response.status_code == 201
        drain.drain()

    ask("198.51.100.7")
    ask("198.51.100.99")
    assert kinds() == []
    ask("203.0.113.4")
    ask("203.0.113.5")
    ask("198.51.100.7")
    assert kinds() == ["key_new_network"]
    ask("2001:db8:1:2::3")
    ask("2001:db8:1:3::4")

    assert kinds() == ["key_new_network"] * 2
    assert known(key) == {"198.51.100.0/24", "203.0.113.0/24", "2001:db8:1::/48"}
    work()
    assert "from the network 203.0.113.0/24," in mail.outbox[0].body


def test_the_request_itself_takes_no_extra_statement(api, key, django_assert_num_queries):
    api.post_json(SESSIONS, {})

    # The session.
    with django_assert_num_queries(1):
        api.post_json(SESSIONS, {}, REMOTE_ADDR="203.0.113.4")


def test_the_log_does_not_keep_the_network(api, key):
    api.post_json(SESSIONS, {}, REMOTE_ADDR="203.0.113.4")
    drain.drain()

    with connection.cursor() as cursor:
        cursor.execute("SELECT activity_log::text FROM activity_log")
        assert "203.0.113" not in str(cursor.fetchall())


def test_concurrent_workers_notify_of_a_new_network_once(key):
    remember_networks([KeyUse(key.pk, "198.51.100.0/24")])

    def learn(_):
        try:
            remember_networks([KeyUse(key.pk, "203.0.113.0/24")])
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(learn, range(12)))

    assert kinds() == ["key_new_network"]


def test_a_key_used_from_everywhere_causes_no_more_notifications(key):
    many = [KeyUse(key.pk, f"10.0.{n}.0/24") for n in range(MAX_NETWORKS + 5)]
    remember_networks(many)
    remember_networks(many[::-1])

    assert len(known(key)) == MAX_NETWORKS
    assert kinds() == ["key_new_network"] * (MAX_NETWORKS - 1)


def test_a_network_unused_for_long_is_forgotten(key):
    remember_networks([KeyUse(key.pk, "198.51.100.0/24"), KeyUse(key.pk, "203.0.113.0/24")])
    long_ago = datetime.now(UTC).date() - timedelta(days=REMEMBERED_DAYS + 1)
    ApiKeyNetwork.objects.filter(network="203.0.113.0/24").update(last_seen_on=long_ago)

    remember_networks([KeyUse(key.pk, "192.0.2.0/24")])

    assert known(key) == {"198.51.100.0/24", "192.0.2.0/24"}


def test_a_deleted_key_has_no_networks(key):
    remember_networks([KeyUse(key.pk, "198.51.100.0/24")])
    key_id = key.pk
    key.delete()
    remember_networks([KeyUse(key_id, "203.0.113.0/24")])

    assert not ApiKeyNetwork.objects.exists()


def test_events_queued_by_the_previous_release_can_be_read(key):
    from accounts.activity.events import decode, encode

    event = Event(
        new_event_id(), key.user_id, key.pk, datetime.now(UTC),
        "", "", 0, 0.0, 0.0, "", "", {},
    )  # fmt: skip
    before_storage = encode(event).removesuffix(b",0]") + b"]"
    before_networks = before_storage.removesuffix(b',""]') + b"]"

    assert decode(before_storage) == decode(before_networks) == event
    assert write_events([event]) == 1
