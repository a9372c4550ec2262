"""The totals that the statement that writes activity adds up."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connection
from django.urls import reverse

from accounts.activity.events import write_events
from accounts.keys import create_key
from accounts.models import ActivityDay, ActivityEvent, ApiKeyDay, User
from tests.accounts.activity.events import event_of

pytestmark = pytest.mark.django_db(transaction=True)


def event(user, day=1, hour=12, **fields):
    return event_of(
        user,
        timestamp=datetime(2026, 3, day, hour, tzinfo=UTC),
        **{
            "model": "openai/gpt-4o",
            "provider": "openai",
            "tokens": 10,
            "cost": 0.25,
            **fields,
        },
    )


def test_a_day_is_added_up_per_model_and_provider(user):
    write_events([event(user), event(user, hour=23), event(user, model="other")])
    write_events([event(user, tokens=5), event(user, day=2)])

    assert list(
        ActivityDay.objects.order_by("day", "model").values_list(
            "day", "model", "requests", "tokens", "spend", "logged"
        )
    ) == [
        (date(2026, 3, 1), "openai/gpt-4o", 3, 25, Decimal("0.75"), 3),
        (date(2026, 3, 1), "other", 1, 10, Decimal("0.25"), 1),
        (date(2026, 3, 2), "openai/gpt-4o", 1, 10, Decimal("0.25"), 1),
    ]


def test_keys_are_added_up_per_day(user, key):
    write_events([event(user, api_key_id=key.pk) for _ in range(3)] + [event(user)])
    write_events([event(user, api_key_id=key.pk), event(user, api_key_id=key.pk, day=2)])

    assert list(key.usage.order_by("day").values_list("day", "requests", "tokens", "spend")) == [
        (date(2026, 3, 1), 4, 40, Decimal(1)),
        (date(2026, 3, 2), 1, 10, Decimal("0.25")),
    ]
    key.refresh_from_db()
    assert key.requests_used == 5


def test_a_retried_batch_counts_once(user, key):
    batch = [event(user, api_key_id=key.pk) for _ in range(5)]
    assert (write_events(batch), write_events(batch)) == (5, 0)

    assert ActivityDay.objects.get().requests == ApiKeyDay.objects.get().requests == 5


def test_an_event_of_a_deleted_key_is_kept_without_counting_the_key(user, key):
    batch = [event(user, api_key_id=key.pk)]
    key.delete()

    assert write_events(batch) == 1
    assert not ApiKeyDay.objects.exists()
    assert ActivityDay.objects.get().requests == 1


def test_sums_are_deleted_with_their_user_or_key(user, key):
    write_events([event(user, api_key_id=key.pk)])

    user.delete()

    assert not ActivityDay.objects.exists()
    assert not ApiKeyDay.objects.exists()


def test_concurrent_workers_neither_lose_counts_nor_deadlock(db):
    users = [User.objects.create_user(f"u{n}@example.com") for n in range(4)]
    keys = [create_key(user, key_name=f"k{n}")[0] for user in users for n in range(3)]
    batches = []
    for _ in range(40):
        batch = [
            event(key.user, api_key_id=key.pk, day=day, model=model)
            for key in keys
            for day in (1, 2)
            for model in ("a", "b")
        ]
        random.shuffle(batch)
        batches.append(batch)

    def write(batch):
        try:
            return write_events(batch)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(write, batches)) == 40 * 48

    assert ActivityEvent.objects.count() == 40 * 48
    assert {row.requests for row in ActivityDay.objects.all()} == {40 * 3}
    assert {row.requests for row in ApiKeyDay.objects.all()} == {40 * 2}
    for key in keys:
        key.refresh_from_db()
        assert key.requests_used == 40 * 4


def test_the_migration_adds_up_earlier_events(user, key):
    write_events([event(user, day=day, api_key_id=key.pk) for day in (1, 1, 2)] + [event(user)])
    rows = [list(model.objects.order_by("pk").values()) for model in (ActivityDay, ApiKeyDay)]
    ActivityDay.objects.all().delete()
    ApiKeyDay.objects.all().delete()

    migration = import_module("accounts.migrations.0004_usage_so_far")
    with connection.cursor() as cursor:
        cursor.execute(migration.ADD_UP)

    assert [
        list(model.objects.order_by("pk").values()) for model in (ActivityDay, ApiKeyDay)
    ] == rows


def test_operators_can_delete_a_key_with_sums(user, key, admin_client):
    write_events([event(user, api_key_id=key.pk)])

    url = reverse("admin:accounts_apikey_delete", args=[key.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"post": "yes"}).status_code == 302

    assert not ApiKeyDay.objects.exists()
