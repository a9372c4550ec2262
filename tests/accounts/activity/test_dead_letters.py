"""Events that cannot be written become dead letters and do not hold up others."""

import msgspec
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django_redis import get_redis_connection

from accounts import activity
from accounts.activity import batches, buffer, dead_letters
from accounts.models import ActivityDeadLetter, ActivityEvent
from accounts.worker import drain as worker

pytestmark = pytest.mark.django_db(transaction=True)

POISON = {
    "a NUL in a text": {"model": "gpt\x00"},
    "a NUL in the metadata": {"metadata": {"title": "a\x00b"}},
    "a text that is too long": {"provider": "p" * 256},
    "a number that is too large": {"tokens": 2**63},
    "a cost that is none": {"cost": float("nan")},
}


def record(user, **fields):
    activity.record(user_id=user.pk, finish_reason="tested", **fields)


def wait_in_buffer(*events):
    get_redis_connection("default").rpush(buffer._BUFFER, *events)


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_event_is_set_aside_and_the_rest_is_written(user, poison):
    for n in range(7):
        record(user, tokens=n)
    record(user, **POISON[poison])
    for n in range(7, 20):
        record(user, tokens=n)

    assert worker.drain() == 20

    assert set(ActivityEvent.objects.values_list("tokens", flat=True)) == set(range(20))
    letter = ActivityDeadLetter.objects.get()
    assert letter.error
    assert str(user.pk).encode() in bytes(letter.event)
    assert buffer.state().depth == 0


def test_an_event_beyond_a_limit_of_the_database_is_set_aside(user):
    nested = []
    for _ in range(800):
        nested = [nested]
    record(user, metadata={"nested": nested})
    record(user)

    with connection.cursor() as cursor:
        cursor.execute("SET max_stack_depth = '100kB'")
        try:
            assert worker.drain() == 1
        finally:
            cursor.execute("RESET max_stack_depth")

    assert "stack depth limit exceeded" in ActivityDeadLetter.objects.get().error


@pytest.mark.parametrize("bytes_", [b"", b"nonsense", b"\xff\xfe\x00", b"[1,2]", b"[" * 100_000])
def test_bytes_that_are_not_an_event_are_set_aside_unchanged(user, bytes_):
    record(user)
    wait_in_buffer(bytes_)
    record(user)

    assert worker.drain() == 2

    assert bytes(ActivityDeadLetter.objects.get().event) == bytes_


def test_one_bad_event_takes_a_few_extra_statements(user):
    for _ in range(64):
        record(user)
    record(user, model="gpt\x00")

    with CaptureQueriesContext(connection) as captured:
        worker.drain()

    # Two halves for each halving of 65 events; the dead letter, in a transaction; whether the
    # plan is nearly used.
    assert len(captured) <= 1 + 2 * 7 + 3 + 1


def test_a_batch_of_bad_events_only_is_set_aside(user):
    for n in range(10):
        record(user, model=f"gpt\x00{n}")

    assert worker.drain() == 0

    assert ActivityDeadLetter.objects.count() == 10


def test_the_same_event_is_set_aside_once(user):
    wait_in_buffer(b"nonsense", b"nonsense")
    worker.drain()
    wait_in_buffer(b"nonsense")
    worker.drain()

    assert ActivityDeadLetter.objects.count() == 1


def test_an_unreachable_database_makes_no_dead_letters(user, monkeypatch):
    def fail(events):
        raise OperationalError

    record(user)
    with monkeypatch.context() as patch:
        patch.setattr(batches, "write_events", fail)
        with pytest.raises(OperationalError):
            worker.drain()

    state = buffer.state()
    assert (state.depth, state.counters["failed_batches"]) == (1, 1)
    assert not ActivityDeadLetter.objects.exists()


def test_a_poisoned_event_is_set_aside_by_the_request_that_has_to_write_it(user, no_redis):
    record(user, model="gpt\x00")

    assert ActivityDeadLetter.objects.count() == 1


def mend(letter):
    event = msgspec.json.decode(bytes(letter.event))
    letter.event = msgspec.json.encode(
        [value.replace("\x00", "") if isinstance(value, str) else value for value in event]
    )
    letter.save()


def test_a_letter_whose_cause_is_fixed_is_written_when_queued_again(user):
    record(user, model="gpt\x00")
    worker.drain()
    mend(ActivityDeadLetter.objects.get())

    assert dead_letters.requeue(ActivityDeadLetter.objects.all()) == 1

    assert not ActivityDeadLetter.objects.exists()
    assert worker.drain() == 1
    assert ActivityEvent.objects.get().model == "gpt"


def test_a_letter_that_fails_again_comes_back(user):
    record(user, model="gpt\x00")
    worker.drain()

    dead_letters.requeue(ActivityDeadLetter.objects.all())
    worker.drain()

    assert ActivityDeadLetter.objects.count() == 1


def test_letters_stay_when_the_buffer_is_full(user, settings):
    for n in range(3):
        record(user, model=f"gpt\x00{n}")
    worker.drain()
    settings.ACTIVITY_BUFFER_LIMIT = 1

    assert dead_letters.requeue(ActivityDeadLetter.objects.all()) == 1

    assert (ActivityDeadLetter.objects.count(), buffer.waiting()) == (2, 1)
