"""A worker's work for many users: a failure for one of them does not affect the others.

tests/chat/test_retention_jobs.py tests the same of deleting rows.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import pytest
from django.db import connection
from django.utils import timezone

from accounts import activity
from accounts.activity import buffer
from accounts.background import failed_rows
from accounts.keys import create_key
from accounts.models import (
    ActivityDay,
    ActivityEvent,
    ApiKey,
    ApiKeyNetwork,
    Credit,
    Notification,
    Plan,
    Referral,
    User,
)
from accounts.notifications import activity_checks
from accounts.notifications.expiring_keys import notify_of_expiring_keys
from accounts.referrals.bonuses import QUALIFYING_REQUESTS, complete_referrals
from accounts.worker.drain import drain

pytestmark = pytest.mark.django_db(transaction=True)

# More than two, so that batches are halved.
OTHERS = 5


class Work(NamedTuple):
    """Work that the database refuses for one user.

    It refuses rows of `table` by a condition on NEW, with the ids of a user and a key. `prepare`
    makes a user and key need the work, `run` does it, `is_done` looks whether it was. The log and
    the metric know it as `name`.
    """

    name: str
    table: str
    condition: str
    prepare: Callable[[User, ApiKey], object]
    run: Callable[[], object]
    is_done: Callable[[User, ApiKey], bool]


def use(user, key, network=""):
    """Use the key, so that the worker finds the event in the buffer."""
    event = activity.new_event(user_id=user.pk, api_key_id=key.pk)
    activity.record_events([msgspec.structs.replace(event, network=network)])


def use_up_the_plan(user, key):
    small, _ = Plan.objects.get_or_create(name="Small", monthly_request_limit=1)
    User.objects.filter(pk=user.pk).update(plan=small)
    use(user, key)


def use_up_the_key(user, key):
    ApiKey.objects.filter(pk=key.pk).update(max_requests=1)
    use(user, key)


def use_from_another_network(user, key):
    today = datetime.now(UTC).date()
    ApiKeyNetwork.objects.create(api_key=key, network="192.0.2.0/24", last_seen_on=today)
    use(user, key, "198.51.100.0/24")


def let_the_key_end_soon(user, key):
    now = timezone.now()
    key.created_at, key.expiration_date = now - timedelta(days=90), now + timedelta(hours=12)
    key.save()


def earn_a_bonus(user, key):
    referrer = User.objects.create_user(f"referrer-of-{user.email}")
    Referral.objects.create(referrer=referrer, referred_user=user, bonus=10)
    today = datetime.now(UTC).date()
    ActivityDay.objects.create(
        user=user,
        day=today,
        model="m",
        provider="",
        requests=QUALIFYING_REQUESTS,
        tokens=0,
        spend=0,
        logged=0,
    )


def is_told(*kinds):
    return lambda user, key: Notification.objects.filter(user=user, kind__in=kinds).exists()


OF_QUOTAS = "NEW.user_id = {user} AND NEW.kind LIKE 'quota_%'"

WORKS = [
    Work(
        "plan_quotas",
        "notifications",
        OF_QUOTAS,
        use_up_the_plan,
        drain,
        is_told("quota_reached"),
    ),
    Work(
        "key_quotas",
        "notifications",
        OF_QUOTAS,
        use_up_the_key,
        drain,
        is_told("quota_reached"),
    ),
    Work(
        "networks",
        "api_key_networks",
        "NEW.api_key_id = {key} AND NEW.network LIKE '198%'",
        use_from_another_network,
        drain,
        is_told("key_new_network"),
    ),
    Work(
        "expiring_keys",
        "notifications",
        "NEW.user_id = {user}",
        let_the_key_end_soon,
        notify_of_expiring_keys,
        is_told("key_expiring"),
    ),
    Work(
        "referral_bonuses",
        "credits",
        "NEW.user_id = {user}",
        earn_a_bonus,
        complete_referrals,
        lambda user, key: Credit.objects.filter(user=user).exists(),
    ),
]


@pytest.fixture
def refuse():
    """Make the database reject rows of a table that meet a condition."""

    def refuse(table, condition):
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'out of range' USING ERRCODE = '22003'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table}
                FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse();
                """
            )

    yield refuse
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS refuse CASCADE")


@pytest.fixture
def people(db):
    """Users with one key each and nothing to be notified of. The one in the middle fails."""
    made = []
    for n in range(OTHERS + 1):
        user = User.objects.create_user(f"user{n}@example.com", email_verified_at=timezone.now())
        made.append((user, create_key(user, key_name="mine")[0]))
    drain()
    Notification.objects.all().delete()
    return made


def is_named(work, user, key, caplog):
    """Whether the log names the work and the row for which it failed."""
    referral = Referral.objects.filter(referred_user=user).values_list("pk", flat=True).first()
    names = [f"user {user.pk}", f"API key {key.pk}", f"referral {referral}"]
    failures = [record.getMessage() for record in caplog.records]
    return any(f"{work.name} failed for {name}" in failures for name in names)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_a_user_whose_work_fails_is_logged_and_all_others_are_done(people, refuse, caplog, work):
    for user, key in people:
        work.prepare(user, key)
    bad_user, bad_key = people[OTHERS // 2]
    refuse(work.table, work.condition.format(user=bad_user.pk, key=bad_key.pk))

    work.run()

    done = [user for user, key in people if work.is_done(user, key)]
    assert done == [user for user, _ in people if user != bad_user]
    assert is_named(work, bad_user, bad_key, caplog)
    assert failed_rows.counts() == {work.name: 1}
    # All were used: the activity log is written.
    if work.run is drain:
        assert ActivityEvent.objects.count() == len(people) + len(people)


@pytest.mark.parametrize("prepared", WORKS[:3], ids=lambda work: work.name)
@pytest.mark.parametrize("failing", WORKS[:3], ids=lambda work: work.name)
def test_a_failing_check_does_not_stop_the_others(people, monkeypatch, caplog, prepared, failing):
    checks = {
        "plan_quotas": "notify_of_plan_quotas",
        "key_quotas": "notify_of_key_quotas",
        "networks": "remember_networks",
    }

    def fail(rows):
        raise ZeroDivisionError

    monkeypatch.setattr(activity_checks, checks[failing.name], fail)
    user, key = people[0]
    prepared.prepare(user, key)
    for other, of_other in people[1:]:
        use(other, of_other, "192.0.2.0/24")

    drain()

    assert prepared.is_done(user, key) is (prepared != failing)
    assert failed_rows.counts().keys() == {failing.name}
    assert buffer.state().depth == 0


@pytest.fixture
def unbounded():
    """A database without the bounds of numbers, as if written to by other means."""
    constraints = {
        "api_keys_new": "api_keys_new_max_requests_bounded",
        "plans": "plans_bounded",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conname = ANY (%s)",
            [list(constraints.values())],
        )
        definitions = dict(cursor.fetchall())
        for table, name in constraints.items():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("UPDATE api_keys_new SET max_requests = NULL")
        cursor.execute("UPDATE plans SET monthly_request_limit = NULL")
        for table, name in constraints.items():
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definitions[name]}")


def test_no_number_of_one_user_is_too_large_for_the_checks(people, unbounded):
    hostile, of_hostile = people[0]
    huge = Plan.objects.create(name="Huge", monthly_request_limit=2**63 - 1)
    User.objects.filter(pk=hostile.pk).update(plan=huge)
    ApiKey.objects.filter(pk=of_hostile.pk).update(max_requests=2**63 - 1)
    use(hostile, of_hostile)
    for user, key in people[1:]:
        use_up_the_key(user, key)

    drain()

    assert all(is_told("quota_reached")(user, key) for user, key in people[1:])
    assert failed_rows.counts() == {}
