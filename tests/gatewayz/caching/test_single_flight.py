"""Many callers, one call."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from gatewayz.threads.single_flight import SingleFlight
from tests.waiting import WAIT_SECONDS, wait_until


class Load:
    """A call that waits to be let go, and knows how often it was made."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.calls = 0
        self.entered = Event()
        self.go = Event()

    def __call__(self):
        self.calls += 1
        outcome = self.outcomes[min(self.calls, len(self.outcomes)) - 1]
        self.entered.set()
        assert self.go.wait(WAIT_SECONDS)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def flights():
    return SingleFlight(wait_seconds=WAIT_SECONDS)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(20) as executor:
        yield executor


def wait_for_waiters(flights, count):
    wait_until(lambda: flights.coalesced >= count)


def test_callers_during_a_load_get_the_same_value(flights, threads):
    load = Load("value")
    calls = [threads.submit(flights.do, "name", load) for _ in range(20)]
    wait_for_waiters(flights, 19)
    load.go.set()

    assert [call.result() for call in calls] == ["value"] * 20
    assert load.calls == 1


def test_other_names_do_not_wait(flights, threads):
    slow = Load("slow")
    threads.submit(flights.do, "one", slow)
    assert slow.entered.wait(WAIT_SECONDS)

    assert flights.do("other", lambda: "quick") == "quick"
    slow.go.set()


def test_a_later_caller_loads_again(flights):
    assert [flights.do("name", lambda n=n: n) for n in range(3)] == [0, 1, 2]


def test_another_caller_loads_when_the_leader_fails(flights, threads):
    load = Load(ValueError("first"), "value")
    calls = [threads.submit(flights.do, "name", load) for _ in range(10)]
    wait_for_waiters(flights, 9)
    load.go.set()

    outcomes = [call.exception() or call.result() for call in calls]
    assert [type(outcome) for outcome in outcomes].count(ValueError) == 1
    assert outcomes.count("value") == 9


def test_when_all_loads_fail_no_caller_hangs(flights, threads):
    load = Load(ValueError())
    calls = [threads.submit(flights.do, "name", load) for _ in range(20)]
    wait_for_waiters(flights, 19)
    load.go.set()

    assert all(isinstance(call.exception(timeout=WAIT_SECONDS), ValueError) for call in calls)
    assert load.calls <= 20


def test_a_caller_that_waits_too_long_loads_itself(threads):
    flights = SingleFlight(wait_seconds=0.01)
    stuck = Load("late")
    leader = threads.submit(flights.do, "name", stuck)
    assert stuck.entered.wait(WAIT_SECONDS)

    assert flights.do("name", lambda: "mine") == "mine"
    stuck.go.set()
    assert leader.result() == "late"


def test_a_value_forgotten_during_its_load_is_loaded_again(flights, threads):
    load = Load("old", "new")
    leader = threads.submit(flights.do, "name", load)
    assert load.entered.wait(WAIT_SECONDS)

    flights.forget(["name"])
    load.go.set()

    assert leader.result() == "new"


def test_a_caller_after_a_change_does_not_join_an_earlier_load(flights, threads):
    before = Load("old")
    threads.submit(flights.do, "name", before)
    assert before.entered.wait(WAIT_SECONDS)

    flights.forget_all()

    assert flights.do("name", lambda: "new") == "new"
    before.go.set()


def test_a_killed_leader_leaves_no_value_behind(flights, threads):
    entered = Barrier(2)

    def die():
        entered.wait(WAIT_SECONDS)
        wait_for_waiters(flights, 1)
        raise SystemExit

    leader = threads.submit(flights.do, "name", die)
    entered.wait(WAIT_SECONDS)

    assert flights.do("name", lambda: "value") == "value"
    assert isinstance(leader.exception(), SystemExit)
