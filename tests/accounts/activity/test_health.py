"""Health of the activity pipeline, in the probes and in the admin."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django_redis import get_redis_connection

from accounts import activity
from accounts.activity import buffer, health
from accounts.activity.events import encode
from accounts.activity.health import activity_stats
from accounts.models import ActivityDeadLetter, ActivityEvent, AuditEntry
from accounts.worker import drain
from tests.accounts.activity.events import event_of

pytestmark = pytest.mark.django_db(transaction=True)

LETTERS = "admin:accounts_activitydeadletter_changelist"


def record(user, **fields):
    activity.record(user_id=user.pk, finish_reason="tested", **fields)


def event_of_age(user, seconds):
    return encode(event_of(user, timestamp=datetime.now(UTC) - timedelta(seconds=seconds)))


def wait_in_buffer(*events):
    get_redis_connection("default").rpush(buffer._BUFFER, *events)


def test_counts_written_and_waiting_events(user):
    began = time.time()
    for _ in range(3):
        record(user)
    drain.drain()
    record(user)

    stats = activity_stats()

    assert (stats.depth, stats.written, stats.batches, stats.dead_letters) == (1, 3, 1, 0)
    assert 0 <= stats.oldest_seconds <= time.time() - began
    assert not stats.is_degraded


def test_an_event_in_a_leased_batch_waits_too(user):
    began = time.time()
    wait_in_buffer(event_of_age(user, 60))
    buffer.lease_batch()
    record(user)

    stats = activity_stats()

    assert stats.depth == 2
    assert 60 <= stats.oldest_seconds <= 60 + time.time() - began


def test_counts_batches_that_were_abandoned(user, monkeypatch):
    record(user)
    monkeypatch.setattr(buffer, "LEASE_MS", 0)
    buffer.lease_batch()
    drain.sweep()

    assert activity_stats().abandoned_batches == 1


def test_an_event_that_cannot_be_read_has_no_age(user):
    wait_in_buffer(b"nonsense")

    assert (activity_stats().depth, activity_stats().oldest_seconds) == (1, None)


def test_readyz_shows_the_backlog(user):
    record(user)

    body = Client().get("/readyz").json()

    assert (body["status"], body["parts"]["activity"]) == ("ok", "ok")
    assert body["activity"]["depth"] == 1


def test_readyz_is_degraded_when_an_event_waits_too_long(user):
    wait_in_buffer(event_of_age(user, 31))

    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == response.json()["parts"]["activity"] == "degraded"


def test_readyz_is_degraded_when_too_many_events_wait(user, monkeypatch):
    monkeypatch.setattr(health, "DEGRADED_EVENTS", 2)
    for _ in range(3):
        record(user)

    assert Client().get("/readyz").json()["status"] == "degraded"


def test_the_activity_log_of_the_admin_shows_the_backlog(user, admin_client):
    record(user, model="gpt\x00")
    drain.drain()
    record(user)

    page = admin_client.get(reverse("admin:accounts_activityevent_changelist")).content.decode()

    assert "Up to date." in page
    assert "Events waiting: 1" in page
    assert "dead letters: 1" in page


def test_the_activity_log_of_the_admin_opens_without_redis(admin_client, no_redis):
    response = admin_client.get(reverse("admin:accounts_activityevent_changelist"))

    assert response.status_code == 200
    assert "Redis does not answer" in response.content.decode()


def test_the_admin_shows_dead_letters_and_queues_them_again(user, admin_client):
    record(user, model="gpt\x00")
    wait_in_buffer(b"\xffnonsense")
    drain.drain()
    letters = list(ActivityDeadLetter.objects.order_by("id"))

    page = admin_client.get(reverse(LETTERS)).content.decode()
    assert "\\xffnonsense" in page
    assert "DataError" in page
    change = reverse("admin:accounts_activitydeadletter_change", args=[letters[1].pk])
    assert "gpt" in admin_client.get(change).content.decode()

    response = admin_client.post(
        reverse(LETTERS),
        {"action": "requeue", "_selected_action": [letter.pk for letter in letters]},
        follow=True,
    )

    assert "Requeued: 2" in response.content.decode()
    assert activity_stats().depth == 2
    assert not ActivityDeadLetter.objects.exists()
    assert AuditEntry.objects.get(action="dead_letters_requeued").after == {"rows": 2}


def test_deleted_dead_letters_are_audited(user, admin_client):
    record(user, model="gpt\x00")
    drain.drain()
    letter = ActivityDeadLetter.objects.get()

    admin_client.post(
        reverse(LETTERS),
        {"action": "delete_selected", "_selected_action": [letter.pk], "post": "yes"},
    )

    assert not ActivityDeadLetter.objects.exists()
    assert AuditEntry.objects.get(action="dead_letters_deleted").after == {"rows": 1}


def test_dead_letters_stay_when_redis_is_down(user, admin_client, no_redis):
    record(user, model="gpt\x00")
    letter = ActivityDeadLetter.objects.get()

    response = admin_client.post(
        reverse(LETTERS), {"action": "requeue", "_selected_action": [letter.pk]}, follow=True
    )

    assert "Redis does not answer" in response.content.decode()
    assert ActivityDeadLetter.objects.exists()
    assert not ActivityEvent.objects.exists()
