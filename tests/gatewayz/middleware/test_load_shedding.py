"""The gate before the views."""

from threading import Thread

import pytest
from django.core.exceptions import MiddlewareNotUsed

from gatewayz.middleware.load_shedding import Gate, LoadSheddingMiddleware
from tests.problems import assert_problem
from tests.waiting import wait_until


def used_gate(slots, stay_seconds):
    """A gate whose mean stay is known."""
    gate = Gate(slots)
    for _ in range(200):
        assert gate.enter(5)
        gate.leave(stay_seconds)
    return gate


def enter_in_thread(gate, allowed_seconds, told):
    thread = Thread(target=lambda: told.append(gate.enter(allowed_seconds)))
    thread.start()
    return thread


def test_as_many_requests_enter_as_there_are_slots():
    gate = Gate(2)

    assert gate.enter(0)
    assert gate.enter(0)
    assert not gate.enter(0)
    assert gate.shed == 1


def test_a_finished_request_admits_the_next_one():
    gate = Gate(1)
    gate.enter(5)
    told = []
    waiter = enter_in_thread(gate, 5, told)
    wait_until(lambda: gate.waiting == 1)

    gate.leave(0.01)
    waiter.join()

    assert told == [True]
    assert not gate.enter(0), "the slot was handed on, not set free"


def test_a_request_that_would_be_too_late_is_rejected_immediately():
    gate = used_gate(slots=1, stay_seconds=2000.0)
    gate.enter(5)

    # Each of the two would take 2,000 s; the test ends long before.
    assert not gate.enter(3900)


def test_a_request_whose_time_runs_out_in_the_queue_is_rejected_and_no_slot_is_lost():
    gate = Gate(1)
    gate.enter(5)
    told = []
    enter_in_thread(gate, 0.02, told).join()
    gate.leave(0.01)

    assert told == [False]
    assert gate.waiting == 0
    assert gate.enter(0)


@pytest.mark.django_db
def test_a_rejection_says_when_to_try_again(client, settings, monkeypatch):
    settings.DATABASE_POOL_SIZE = 1
    monkeypatch.setattr(Gate, "enter", lambda self, allowed_seconds: False)

    response = client.get("/v1/chat/sessions")

    assert_problem(response, 503, "overloaded")
    assert response["Retry-After"] == "1"
    assert client.get("/healthz").status_code == 200


def test_without_a_pool_there_is_no_gate(settings):
    settings.DATABASE_POOL_SIZE = 0
    with pytest.raises(MiddlewareNotUsed):
        LoadSheddingMiddleware(lambda request: None)
