"""Requests counted in advance: a busy key far from its limits seldom asks Redis."""

from itertools import count

import pytest

from accounts.limits import counters, leases
from accounts.limits.leases import LEASE_SECONDS, MAX_TAKEN
from accounts.limits.store import admit, settle, usage_of_keys
from accounts.principals.principal import Allowance, Limits, Principal

_users = count(1_000_000)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(leases, "time", clock)
    return clock


def caller(**limits):
    return Principal(
        user_id=next(_users),
        key_id=1,
        key_is_active=True,
        user_is_active=True,
        is_staff=False,
        environment_tag="live",
        expires_at=None,
        limits=Limits(key=Allowance(**limits)),
    )


def asked(work):
    before = counters.counts()["asked"]
    work()
    return counters.counts()["asked"] - before


def used(principal):
    return usage_of_keys(principal.user_id, [1])[1].requests_per_hour


def test_a_busy_key_asks_redis_less_and_less(clock):
    principal = caller(requests_per_hour=1_000_000)

    # 1 + 2 + 4 + … + 64, then 64 at a time.
    assert asked(lambda: [admit(principal) for _ in range(127)]) == 7
    assert asked(lambda: [admit(principal) for _ in range(10 * MAX_TAKEN)]) == 10
    assert used(principal) == 127 + 10 * MAX_TAKEN


def test_remaining_counts_down_as_if_each_request_had_asked(clock):
    principal = caller(requests_per_hour=1_000_000)

    told = [admit(principal)[0].remaining for _ in range(20)]

    assert told == [999_999 - number for number in range(20)]


def test_an_idle_key_counts_only_its_own_requests(clock):
    principal = caller(requests_per_hour=1_000_000)

    for _ in range(5):
        assert asked(lambda: admit(principal)) == 1
        clock.now += LEASE_SECONDS

    assert used(principal) == 5


def test_a_burst_is_soon_forgotten(clock):
    principal = caller(requests_per_hour=1_000_000)
    for _ in range(100):
        admit(principal)
    counted = used(principal)
    assert counted <= 2 * 100

    for _ in range(3):
        clock.now += LEASE_SECONDS
        admit(principal)

    # The first takes as many as the lease before had used.
    assert used(principal) <= counted + 37 + 1 + 1


def test_a_key_that_paused_leases_again(clock):
    principal = caller(requests_per_hour=1_000_000)
    for _ in range(2):
        admit(principal)
    # Of the two requests of this lease, one is left when it ends.
    clock.now += 2 * LEASE_SECONDS

    assert asked(lambda: [admit(principal) for _ in range(127)]) == 7


def test_near_a_limit_each_request_is_counted_individually(clock):
    principal = caller(requests_per_hour=150)

    passed = [admit(principal)[0].allowed for _ in range(160)]

    assert passed == [True] * 150 + [False] * 10


def test_requests_that_use_few_of_the_remaining_tokens_keep_the_lease(clock):
    principal = caller(requests_per_hour=1_000_000, tokens_per_hour=100_000)

    def use(tokens):
        _, ticket = admit(principal)
        settle(ticket, tokens)

    assert asked(lambda: [use(10) for _ in range(127)]) == 7
    # The next lease begins with 98,730 tokens, and may use 987 of them.
    assert asked(lambda: [use(400) for _ in range(4)]) == 2
    assert usage_of_keys(principal.user_id, [1])[1].tokens_per_hour == 1_270 + 1_600


def test_a_request_that_uses_tokens_makes_the_next_one_ask_redis(clock):
    principal = caller(requests_per_hour=1_000_000, tokens_per_hour=1_000)
    for _ in range(7):
        _, ticket = admit(principal)

    settle(ticket, 1_000)

    assert admit(principal)[0].code == "tokens_per_hour"


@pytest.mark.parametrize("limits", [{"concurrent_requests": 500}])
def test_limits_counted_individually_are_never_leased(clock, limits):
    principal = caller(requests_per_hour=1_000_000, **limits)

    assert asked(lambda: [admit(principal) for _ in range(10)]) == 10
