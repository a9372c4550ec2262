"""Activity: recorded in one round trip, written in batches, lost by nobody."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_redis import get_redis_connection

from accounts import activity, activity_buffer, activity_drain, background
from accounts.activity_events import Event
from accounts.models import ActivityEvent

pytestmark = pytest.mark.django_db(transaction=True)


def record(user, **fields):
    activity.record(user_id=user.pk, finish_reason="tested", **fields)


def queued_tasks():
    return background._broker().queue_size()


def test_an_event_waits_in_redis_and_is_written_by_the_drain(user, key):
    record(
        user,
        api_key_id=key.pk,
        model="openai/gpt-4o",
        provider="openai",
        tokens=12,
        cost=0.00012345,
        speed=3.5,
        app="Chat",
        metadata={"text": 'quotes " \\ and ünïcode 👋', "n": 1},
    )
    assert (activity_buffer.waiting(), ActivityEvent.objects.count()) == (1, 0)

    assert activity_drain.drain() == 1

    event = ActivityEvent.objects.get()
    assert (event.user_id, event.api_key_id) == (user.pk, key.pk)
    assert (event.model, event.provider, event.tokens) == ("openai/gpt-4o", "openai", 12)
    assert (str(event.cost), event.speed) == ("0.00012345", 3.5)
    assert (event.finish_reason, event.app) == ("tested", "Chat")
    assert event.metadata == {"text": 'quotes " \\ and ünïcode 👋', "n": 1}
    assert activity_buffer.waiting() == 0


def test_recording_runs_no_statement(user, django_assert_num_queries):
    with django_assert_num_queries(0):
        record(user)


def test_an_event_is_recorded_when_its_transaction_commits(user):
    with transaction.atomic():
        record(user)
        assert activity_buffer.waiting() == 0

    assert activity_buffer.waiting() == 1


def test_an_event_of_a_transaction_that_rolls_back_never_happened(user):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(user)
        raise ZeroDivisionError

    assert activity_buffer.waiting() == 0


def test_a_burst_wakes_a_worker_once(user):
    for _ in range(50):
        record(user)

    assert queued_tasks() == 1


def test_the_first_event_after_a_drain_wakes_a_worker_again(user):
    record(user)
    activity_drain.drain()
    record(user)

    assert queued_tasks() == 2


def test_a_drain_writes_many_events_in_few_statements(user, monkeypatch):
    monkeypatch.setattr(activity_buffer, "MAX_BATCH_EVENTS", 100)
    for _ in range(250):
        record(user)

    with CaptureQueriesContext(connection) as captured:
        assert activity_drain.drain() == 250

    assert len(captured) == 3
    assert ActivityEvent.objects.count() == 250


def test_events_keep_their_order(user, monkeypatch):
    monkeypatch.setattr(activity_buffer, "MAX_BATCH_EVENTS", 4)
    for n in range(10):
        record(user, tokens=n)

    activity_drain.drain()

    assert list(ActivityEvent.objects.order_by("id").values_list("tokens", flat=True)) == [
        *range(10)
    ]


def test_the_same_pass_counts_the_use_of_keys(user, key):
    for _ in range(3):
        record(user, api_key_id=key.pk)
    record(user)

    activity_drain.drain()

    key.refresh_from_db()
    assert key.requests_used == 3
    last = ActivityEvent.objects.filter(api_key=key.pk).newest_first().first()
    assert key.last_used_at == last.timestamp


def test_a_batch_written_twice_is_in_the_log_and_counted_once(user, key):
    record(user, api_key_id=key.pk)
    _, (event,) = activity_buffer.take()
    get_redis_connection("default").rpush(activity_buffer._BUFFER, event, event)
    activity_drain.drain()
    get_redis_connection("default").rpush(activity_buffer._BUFFER, event)
    activity_drain.drain()

    key.refresh_from_db()
    assert (ActivityEvent.objects.count(), key.requests_used) == (1, 1)


def test_a_batch_that_a_dead_worker_took_is_written_by_the_sweep(user, monkeypatch):
    record(user, tokens=1)
    monkeypatch.setattr(activity_buffer, "LEASE_MS", 0)
    activity_buffer.take()
    record(user, tokens=2)
    assert activity_buffer.waiting() == 1

    activity_drain.sweep()

    tokens = ActivityEvent.objects.order_by("id").values_list("tokens", flat=True)
    assert list(tokens) == [1, 2]
    assert not list(get_redis_connection("default").scan_iter("*{activity}*"))


def test_the_sweep_leaves_a_batch_alone_that_is_being_written(user):
    record(user)
    activity_buffer.take()

    assert activity_drain.sweep() == 0


def test_a_batch_that_the_database_did_not_take_waits_again(user, monkeypatch):
    record(user)

    def fail(events):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(activity_drain, "write_events", fail)
        with pytest.raises(OperationalError):
            activity_drain.drain()

    assert activity_buffer.waiting() == 1
    assert activity_drain.drain() == 1


def test_without_redis_an_event_is_written_at_once(user, no_redis):
    record(user)

    assert ActivityEvent.objects.count() == 1


def test_a_request_succeeds_without_redis_and_its_activity_is_there(api, no_redis):
    response = api.post_json("/v1/chat/sessions", {})

    assert response.status_code == 201
    assert ActivityEvent.objects.get().metadata["session_id"] == response.json()["data"]["id"]


def test_the_events_of_a_user_who_is_gone_are_dropped(user):
    record(user)
    user.delete()

    assert activity_drain.drain() == 0
    assert activity_buffer.waiting() == 0


def test_events_of_many_threads_are_each_written_once(user):
    def record_25_times(_):
        for _ in range(25):
            record(user)
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(record_25_times, range(8)))

    activity_drain.drain()

    assert ActivityEvent.objects.count() == 200


def test_an_event_waits_as_json(user):
    record(user, app="Chat")

    (waiting,) = get_redis_connection("default").lrange(activity_buffer._BUFFER, 0, -1)
    assert len(json.loads(waiting)) == len(Event.__struct_fields__)
