"""Pruning the activity log, and the totals that outlive it."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import background
from accounts.activity import retention
from accounts.activity.events import write_events
from accounts.background import timed_run
from accounts.models import ActivityDay, ActivityEvent
from tests.accounts.activity.events import event_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def events(user):
    """One event for each of the last 30 days, oldest first; `tokens` is its age in days."""
    now = timezone.now()
    write_events(
        [
            event_of(user, timestamp=now - timedelta(days=age, minutes=1), tokens=age)
            for age in reversed(range(30))
        ]
    )


def kept():
    return sorted(ActivityEvent.objects.values_list("tokens", flat=True))


def test_prunes_older_events_and_keeps_the_sums(events, user, capsys):
    call_command("prune_activity", days=10)

    assert capsys.readouterr().out == "20 events deleted\n"
    assert kept() == [*range(10)]
    days = ActivityDay.objects.filter(user=user)
    assert days.count() == 30
    assert sum(day.requests for day in days) == 30
    assert sum(day.logged for day in days) == 10


def test_prunes_in_bounded_batches(events, monkeypatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 4)

    with CaptureQueriesContext(connection) as captured:
        deleted, complete = retention.prune(timezone.now() - timedelta(days=10))

    assert (deleted, complete) == (20, True)
    # The weeks, before and after; five batches of four, and the first without an old event.
    assert len(captured) == 8


def test_a_run_that_does_not_finish_starts_another(events, settings, monkeypatch):
    settings.ACTIVITY_RETENTION_DAYS = 10
    monkeypatch.setattr(timed_run, "RUN_SECONDS", 0)

    assert retention.prune_expired() == 0

    assert background.broker().queue_size() == 1


def test_the_schedule_prunes_by_the_setting(events, settings):
    settings.ACTIVITY_RETENTION_DAYS = 10

    assert retention.prune_expired() == 20

    assert background.broker().queue_size() == 0


@pytest.mark.parametrize("prune", [retention.prune_expired, None])
def test_zero_days_keep_everything(events, settings, prune):
    settings.ACTIVITY_RETENTION_DAYS = 0
    if prune:
        prune()
    else:
        call_command("prune_activity", days=0)

    assert len(kept()) == 30


@pytest.mark.parametrize("days", [-1, 40_000])
def test_rejects_an_invalid_number_of_days(days):
    with pytest.raises(CommandError, match="--days"):
        call_command("prune_activity", days=days)
