"""The activity pipeline: recorded in one round trip, written in batches, never lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_redis import get_redis_connection

from accounts import activity, background
from accounts.activity import batches, buffer
from accounts.activity.events import Event, new_event_id
from accounts.keys import create_key
from accounts.models import ActivityEvent
from accounts.worker import drain

pytestmark = pytest.mark.django_db(transaction=True)


def record(user, **fields):
    activity.record(user_id=user.pk, finish_reason="tested", **fields)


def queued_tasks():
    return background.broker().queue_size()


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
    assert (buffer.waiting(), ActivityEvent.objects.count()) == (1, 0)

    assert drain.drain() == 1

    event = ActivityEvent.objects.get()
    assert (event.user_id, event.api_key_id) == (user.pk, key.pk)
    assert (event.model, event.provider, event.tokens) == ("openai/gpt-4o", "openai", 12)
    assert (str(event.cost), event.speed) == ("0.00012345", 3.5)
    assert (event.finish_reason, event.app) == ("tested", "Chat")
    assert event.metadata == {"text": 'quotes " \\ and ünïcode 👋', "n": 1}
    assert buffer.waiting() == 0


def test_recording_is_one_round_trip_even_when_it_wakes_a_worker(user):
    record(user)
    drain.drain()

    with redis.Redis.from_url(settings.REDIS_URL) as watcher, watcher.monitor() as monitor:
        record(user)
        get_redis_connection("default").echo("done")
        seen = []
        while not seen or not seen[-1]["command"].startswith("ECHO"):
            seen.append(monitor.next_command())

    sent = [command["command"].split()[0] for command in seen if command["client_type"] != "lua"]
    assert sent == ["EVALSHA", "ECHO"]
    assert queued_tasks() == 2


def test_recording_outside_a_transaction_opens_no_database_connection(user):
    connection.close()

    record(user)

    assert connection.connection is None


def test_recording_has_a_documented_alias():
    assert activity.log_activity_background is activity.record


def test_recording_takes_no_statement(user, django_assert_num_queries):
    with django_assert_num_queries(0):
        record(user)


def test_an_event_is_recorded_when_its_transaction_commits(user):
    with transaction.atomic():
        record(user)
        assert buffer.waiting() == 0

    assert buffer.waiting() == 1


def test_an_event_of_a_rolled_back_transaction_is_not_recorded(user):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(user)
        raise ZeroDivisionError

    assert buffer.waiting() == 0


def test_a_burst_wakes_a_worker_once(user):
    for _ in range(50):
        record(user)

    assert queued_tasks() == 1


def test_the_first_event_after_a_drain_wakes_a_worker_again(user):
    record(user)
    drain.drain()
    record(user)

    assert queued_tasks() == 2


def test_a_drain_writes_many_events_in_few_statements(user, monkeypatch):
    monkeypatch.setattr(buffer, "MAX_BATCH_EVENTS", 100)
    for _ in range(250):
        record(user)

    with CaptureQueriesContext(connection) as captured:
        assert drain.drain() == 250

    # For each batch: its events, and whether a plan is nearly used.
    assert len(captured) == 6
    assert ActivityEvent.objects.count() == 250


def test_events_keep_their_order(user, monkeypatch):
    monkeypatch.setattr(buffer, "MAX_BATCH_EVENTS", 4)
    for n in range(10):
        record(user, tokens=n)

    drain.drain()

    assert list(ActivityEvent.objects.order_by("id").values_list("tokens", flat=True)) == [
        *range(10)
    ]


def test_the_same_pass_counts_the_use_of_keys(user, key):
    for _ in range(3):
        record(user, api_key_id=key.pk)
    record(user)

    drain.drain()

    key.refresh_from_db()
    assert key.requests_used == 3
    last = ActivityEvent.objects.filter(api_key=key.pk).newest_first().first()
    assert key.last_used_at == last.timestamp


def test_a_batch_written_twice_is_in_the_log_and_counted_once(user, key):
    record(user, api_key_id=key.pk)
    _, (event,) = buffer.lease_batch()
    get_redis_connection("default").rpush(buffer._BUFFER, event, event)
    drain.drain()
    get_redis_connection("default").rpush(buffer._BUFFER, event)
    drain.drain()

    key.refresh_from_db()
    assert (ActivityEvent.objects.count(), key.requests_used) == (1, 1)


def test_the_sweep_writes_a_batch_taken_by_a_dead_worker(user, monkeypatch):
    record(user, tokens=1)
    monkeypatch.setattr(buffer, "LEASE_MS", 0)
    buffer.lease_batch()
    record(user, tokens=2)
    assert buffer.waiting() == 1

    drain.sweep()

    tokens = ActivityEvent.objects.order_by("id").values_list("tokens", flat=True)
    assert list(tokens) == [1, 2]
    left = get_redis_connection("default").scan_iter(buffer._PREFIX + "*")
    assert list(left) == [buffer._COUNTERS.encode()]


def test_the_sweep_leaves_a_batch_that_is_being_written(user):
    record(user)
    buffer.lease_batch()

    assert drain.sweep() == 0


def test_a_batch_that_the_database_rejected_waits_again(user, monkeypatch):
    record(user)

    def fail(batch):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(drain, "write_batch", fail)
        with pytest.raises(OperationalError):
            drain.drain()

    assert buffer.waiting() == 1
    assert drain.drain() == 1


def test_without_redis_an_event_is_written_immediately(user, no_redis):
    record(user)

    assert ActivityEvent.objects.count() == 1


def test_beyond_the_buffer_limit_an_event_is_written_immediately(user, settings):
    settings.ACTIVITY_BUFFER_LIMIT = 2
    for n in range(4):
        record(user, tokens=n)

    assert buffer.waiting() == 2
    assert set(ActivityEvent.objects.values_list("tokens", flat=True)) == {2, 3}
    assert buffer.state().counters["buffer_full"] == 2


def test_an_undeferred_event_is_written_immediately(user, settings):
    settings.DEFER_ACTIVITY = False
    record(user)

    assert (buffer.waiting(), ActivityEvent.objects.count()) == (0, 1)


def test_an_undeferred_event_of_a_rolled_back_transaction_is_not_recorded(user, settings):
    settings.DEFER_ACTIVITY = False
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(user)
        raise ZeroDivisionError

    assert not ActivityEvent.objects.exists()


def test_fallbacks_are_counted_once_redis_is_back(user, monkeypatch):
    def fail(keys, arguments):
        raise redis.ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(buffer, "PUSH", fail)
        record(user)
        record(user)
    record(user)
    record(user)

    assert ActivityEvent.objects.count() == 2
    assert buffer.state().counters["redis_down"] == 2


def test_an_event_that_cannot_be_stored_is_counted_and_fails_no_request(
    user, no_redis, monkeypatch, caplog
):
    def fail(events):
        raise OperationalError

    monkeypatch.setattr(batches, "write_events", fail)
    record(user)

    assert "is lost" in caplog.text
    assert buffer.take_uncounted() == {"redis_down": 1, "lost": 1}


def test_metadata_that_is_not_json_raises(user):
    with pytest.raises(TypeError):
        record(user, metadata={"when": object()})


def test_event_ids_grow_with_time_and_are_valid_uuids():
    ids = [new_event_id() for _ in range(100)]
    later = new_event_id()
    while later.int >> 80 == ids[-1].int >> 80:
        later = new_event_id()

    assert all(event_id.version == 7 and event_id.variant == RFC_4122 for event_id in ids)
    assert len(set(ids)) == 100
    assert later > max(ids)


def test_a_request_succeeds_without_redis_and_its_activity_is_there(api, no_redis):
    response = api.post_json("/v1/chat/sessions", {})

    assert response.status_code == 201
    assert ActivityEvent.objects.get().metadata["session_id"] == response.json()["data"]["id"]


def test_events_of_a_deleted_user_are_dropped(user):
    record(user)
    user.delete()

    assert drain.drain() == 0
    assert buffer.waiting() == 0


def test_events_of_many_threads_are_each_written_once(user):
    def record_25_times(_):
        for _ in range(25):
            record(user)
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(record_25_times, range(8)))

    drain.drain()

    assert ActivityEvent.objects.count() == 200


def test_an_event_waits_as_json(user):
    record(user, app="Chat")

    (waiting,) = get_redis_connection("default").lrange(buffer._BUFFER, 0, -1)
    assert len(json.loads(waiting)) == len(Event.__struct_fields__)


def test_callbacks_after_the_commit_have_a_name_to_log(user):
    with transaction.atomic():
        create_key(user, key_name="new")
        after_commit = [call for _, call, is_robust in connection.run_on_commit if is_robust]

        # The key cache and the activity. Django logs the name of one that fails, and goes on;
        # without a name the rest would not run.
        assert len(after_commit) >= 2
        assert all(hasattr(call, "__qualname__") for call in after_commit)
