"""The weeks of the activity log: made ahead, filled by time, and dropped when expired."""

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.activity import partitions, retention
from accounts.activity.events import new_event_id, write_events
from accounts.models import ActivityDay, ActivityEvent
from tests.accounts.activity.events import event_of
from tests.accounts.activity.weeks import monday_of, weeks_before
from tests.waiting import WAIT_SECONDS

pytestmark = pytest.mark.django_db


def write(user, *times, event_id=None):
    write_events(
        [event_of(user, event_id=event_id or new_event_id(), timestamp=moment) for moment in times]
    )


def tables():
    """The partitions that hold events, in the order of the events' times."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT tableoid::regclass::text FROM activity_log ORDER BY "timestamp"')
        return [name for (name,) in cursor.fetchall()]


def logged():
    return {day.day: day.logged for day in ActivityDay.objects.all() if day.logged}


def test_weeks_are_made_ahead(monkeypatch):
    # The database may be from last week.
    partitions.add_weeks()
    before = partitions.weeks()
    monkeypatch.setattr(partitions, "WEEKS_AHEAD", partitions.WEEKS_AHEAD + 3)

    assert partitions.add_weeks() == 3
    assert partitions.add_weeks() == 0

    weeks = partitions.weeks()
    assert weeks[: len(before)] == before
    assert {after - monday for monday, after in pairwise(weeks)} == {timedelta(days=7)}
    assert partitions.begin(weeks[-1] + partitions.WEEK) > timezone.now() + timedelta(weeks=7)


def test_an_event_is_in_the_week_of_its_time(user):
    first = partitions.begin(partitions.weeks()[0])
    last = partitions.begin(partitions.weeks()[-1])

    write(user, first - timedelta(microseconds=1), first, last - timedelta(microseconds=1), last)

    assert tables() == [
        "activity_log_history",
        *(f"activity_log_{monday:%Y_%m_%d}" for monday in (first, last - partitions.WEEK, last)),
    ]


def test_an_event_of_a_missing_week_is_logged_and_moved_when_the_week_is_made(user, monkeypatch):
    now = timezone.now()
    later = now + timedelta(weeks=9)
    write(user, now, later)
    assert tables()[1] == "activity_log_default"

    monkeypatch.setattr(partitions, "WEEKS_AHEAD", 10)
    partitions.add_weeks()

    assert tables()[1] == f"activity_log_{monday_of(later.date()):%Y_%m_%d}"
    assert logged() == {now.date(): 1, later.date(): 1}


def test_an_event_written_twice_is_logged_once(user):
    again = new_event_id()
    moment = timezone.now()

    for _ in range(2):
        write(user, moment, event_id=again)

    assert ActivityEvent.objects.count() == 1
    assert logged() == {moment.date(): 1}


@pytest.mark.django_db(transaction=True)
def test_an_expired_week_is_dropped_with_its_events_and_their_count(user):
    with weeks_before(3) as weeks:
        times = [partitions.begin(monday) + timedelta(days=1) for monday in weeks]
        write(user, *times, times[0])

        deleted = retention.prune(times[1] + timedelta(days=6))

        assert deleted == (3, True)
        assert partitions.weeks()[0] == weeks[2]
        assert [event.timestamp for event in ActivityEvent.objects.all()] == times[2:]
        assert logged() == {moment.date(): 1 for moment in times[2:]}
        assert ActivityDay.objects.count() == len(times)


@pytest.mark.django_db(transaction=True)
def test_a_week_stays_until_its_last_event_has_expired(user):
    with weeks_before(2) as weeks:
        write(user, partitions.begin(weeks[0]))

        deleted = retention.prune(partitions.begin(weeks[1]) - timedelta(microseconds=1))

        assert deleted == (0, True)
        assert ActivityEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_old_event_that_comes_after_its_week_was_dropped_is_pruned_too(user):
    with weeks_before(3) as weeks:
        moment = partitions.begin(weeks[0])
        retention.prune(partitions.begin(weeks[1]))
        write(user, moment)
        assert logged() == {moment.date(): 1}

        assert retention.prune(partitions.begin(weeks[1])) == (1, True)

        assert not ActivityEvent.objects.exists()
        assert logged() == {}


def test_the_newest_week_stays_whatever_has_expired():
    newest = partitions.weeks()[-1]

    retention.prune(partitions.begin(newest) + timedelta(weeks=500))

    assert partitions.weeks() == [newest]


@pytest.mark.django_db(transaction=True)
def test_a_week_that_others_hold_is_dropped_later(user):
    with weeks_before(1) as weeks:
        write(user, partitions.begin(weeks[0]))
        is_held, may_end = threading.Event(), threading.Event()

        def hold():
            with transaction.atomic():
                assert ActivityEvent.objects.count() == 1
                is_held.set()
                assert may_end.wait(WAIT_SECONDS)
            connection.close()

        holding = threading.Thread(target=hold)
        holding.start()
        try:
            assert is_held.wait(WAIT_SECONDS)
            with pytest.raises(OperationalError, match="lock timeout"):
                partitions.drop_week(weeks[0])
            assert partitions.weeks()[0] == weeks[0]
            assert ActivityEvent.objects.count() == 1
        finally:
            may_end.set()
            holding.join()

        partitions.drop_week(weeks[0])

        assert partitions.weeks()[0] > weeks[0]
        assert not ActivityEvent.objects.exists()
        assert logged() == {}


def test_a_week_is_dropped_once():
    newest = partitions.weeks()[-1]

    for _ in range(2):
        assert partitions.drop_week(newest) == 0

    assert newest not in partitions.weeks()


@pytest.mark.parametrize("function", ["add_week", "drop_week"])
def test_public_may_not_make_or_drop_weeks(function):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_function_privilege('public', %s, 'EXECUTE')",
            [f"activity_log_{function}(date)"],
        )
        assert cursor.fetchone() == (False,)
