"""Notifications are kept for NOTIFICATION_RETENTION_DAYS."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import Schedule

from accounts import background
from accounts.background import timed_run
from accounts.models import Notification
from accounts.notifications import retention

pytestmark = pytest.mark.django_db

Kind = Notification.Kind


@pytest.fixture
def make_notification(user, settings):
    """Create a notification from `days` ago."""
    settings.NOTIFICATION_RETENTION_DAYS = 100

    def make(cause, days_ago, kind=Kind.TEST):
        return Notification.objects.create(
            user=user,
            kind=kind,
            cause=cause,
            channel="email",
            created_at=timezone.now() - timedelta(days=days_ago),
        )

    return make


def causes():
    return set(Notification.objects.values_list("cause", flat=True))


def test_only_old_notifications_are_deleted(make_notification, monkeypatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    for number in range(5):
        make_notification(f"old {number}", 101)
    make_notification("new", 99)

    assert retention.prune_expired() == 5
    assert causes() == {"new"}


def test_notifications_that_prevent_repeats_are_kept(make_notification):
    make_notification("key:1:quota:10:100", 101, Kind.QUOTA_REACHED)
    make_notification("plan:1:quota:2020-01:10:80", 101, Kind.QUOTA_WARNING)
    make_notification("key:1:created", 101, Kind.KEY_CREATED)

    retention.prune_expired()

    assert causes() == {"key:1:quota:10:100"}


def test_a_run_that_does_not_finish_starts_another(make_notification, monkeypatch):
    monkeypatch.setattr(timed_run, "RUN_SECONDS", 0)
    make_notification("old", 101)
    before = background.broker().queue_size()

    assert retention.prune_expired() == 0
    assert background.broker().queue_size() == before + 1


def test_zero_days_keep_everything(make_notification, settings):
    settings.NOTIFICATION_RETENTION_DAYS = 0
    make_notification("old", 10_000)

    assert retention.prune_expired() == 0
    assert causes() == {"old"}


def test_the_worker_prunes_every_day():
    schedule = Schedule.objects.get(func="accounts.notifications.retention.prune_expired")

    assert schedule.schedule_type == Schedule.DAILY
