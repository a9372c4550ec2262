"""The counters in Redis, on a clock that the test sets."""

from datetime import UTC, datetime

import pytest
from django import conf
from django_redis import get_redis_connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.limits.store import SLOT_LEASE_MS, admit, hit, settle, usage_of_keys
from accounts.principals.principal import Allowance, Limits, Principal

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1000)

# The length of each window, and of the bucket by which it may be longer.
SPANS = {
    "requests_per_minute": (MINUTE, MINUTE // 12),
    "requests_per_hour": (HOUR, HOUR // 12),
    "requests_per_day": (DAY, DAY // 24),
}


def principal(user=None, key=None, *, user_id=1, key_id=1, max_requests=None, requests_used=0):
    return Principal(
        user_id=user_id,
        key_id=key_id,
        key_is_active=True,
        user_is_active=True,
        is_staff=False,
        environment_tag="live",
        expires_at=None,
        max_requests=max_requests,
        requests_used=requests_used,
        limits=Limits(Allowance(**(user or {})), Allowance(**(key or {}))),
    )


def passes(caller, now_ms):
    return admit(caller, now_ms)[0].allowed


def names_like(pattern):
    """The names in Redis of what this service keeps; others may share the server."""
    prefix = conf.settings.REDIS_KEY_PREFIX
    return list(get_redis_connection("default").scan_iter(f"{prefix}:{pattern}"))


def forget():
    client = get_redis_connection("default")
    for name in names_like("{u*}*"):
        client.delete(name)


@pytest.mark.parametrize("name", SPANS)
@pytest.mark.parametrize("whose", ["user", "key"])
def test_a_window_slides_and_frees_requests_within_a_bucket(name, whose):
    span, bucket = SPANS[name]
    caller = principal(**{whose: {name: 5}})
    # Across the end of what would be a fixed window.
    first = NOW - 1000
    assert [passes(caller, first + n) for n in range(6)] == [True] * 5 + [False]

    assert not passes(caller, NOW + 1000)
    assert not passes(caller, first + span - 1)
    assert passes(caller, first + span + bucket)


@pytest.mark.parametrize("name", SPANS)
def test_the_reported_wait_is_exactly_long_enough(name):
    caller = principal(key={name: 3})
    for n in range(3):
        passes(caller, NOW + n * 700)

    decision, _ = admit(caller, NOW + 5_000)

    assert decision.code == name
    late = NOW + 5_000 + decision.reset_seconds * 1000
    assert not passes(caller, late - 1000)
    assert passes(caller, late)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(sorted(SPANS)),
    limit=st.integers(1, 6),
    steps=st.lists(st.floats(0, 1.2), min_size=1, max_size=40),
)
def test_no_span_holds_more_than_the_limit_or_rejects_needlessly(name, limit, steps):
    """Compared with a log of every admitted request, which the buckets approximate."""
    forget()
    span, bucket = SPANS[name]
    caller, passed, now = principal(key={name: limit}), [], NOW
    for step in steps:
        # Mostly short steps, which fill windows, and some that cross them.
        now += int(step**4 * span)
        within = [at for at in passed if at > now - span]
        nearly_within = [at for at in passed if at > now - span - bucket]
        decision, _ = admit(caller, now)
        if decision.allowed:
            assert len(within) < limit
            assert decision.remaining <= limit - len(within) - 1
            passed.append(now)
        else:
            assert len(nearly_within) >= limit
            assert decision.remaining == 0


def test_the_longest_wait_names_the_limit():
    caller = principal(
        user={"requests_per_day": 2}, key={"requests_per_minute": 1, "requests_per_hour": 1}
    )
    assert passes(caller, NOW)
    assert admit(caller, NOW)[0].code == "requests_per_hour"

    assert passes(caller, NOW + 2 * HOUR)
    assert admit(caller, NOW + 2 * HOUR)[0].code == "plan_daily_requests"


def test_a_rejected_request_counts_nowhere():
    caller = principal(user={"requests_per_minute": 100}, key={"requests_per_minute": 2})
    for _ in range(50):
        passes(caller, NOW)

    other_key = principal(user={"requests_per_minute": 100}, key_id=2)
    assert admit(other_key, NOW)[0].remaining == 97


def test_keys_of_a_user_share_the_plan_but_not_their_own_limits():
    plan = {"requests_per_minute": 5}
    first = principal(user=plan, key={"requests_per_minute": 3}, key_id=1)
    second = principal(user=plan, key={"requests_per_minute": 3}, key_id=2)
    assert [passes(first, NOW) for _ in range(4)] == [True, True, True, False]

    assert [passes(second, NOW) for _ in range(3)] == [True, True, False]
    assert admit(second, NOW)[0].code == "plan_requests_per_minute"
    assert passes(principal(user=plan, user_id=2), NOW)


def test_a_month_is_a_calendar_month():
    caller = principal(user={"requests_per_month": 2})
    now = datetime.now(UTC)
    late = int(datetime(now.year, now.month, 28, 23, tzinfo=UTC).timestamp() * 1000)
    next_month = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    begins = int(next_month.timestamp() * 1000)
    assert [passes(caller, late) for _ in range(3)] == [True, True, False]

    decision, _ = admit(caller, late)
    assert decision.code == "plan_monthly_requests"
    assert decision.reset_seconds == (begins - late) // 1000
    assert not passes(caller, begins - 1)
    assert passes(caller, begins)


def test_a_slow_clock_does_not_bring_back_the_old_month():
    caller = principal(user={"requests_per_month": 2})
    now = datetime.now(UTC)
    next_month = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    begins = int(next_month.timestamp() * 1000)
    passes(caller, begins)

    assert passes(caller, begins - 5)
    assert not passes(caller, begins + 5)


def test_tokens_count_as_soon_as_they_are_known():
    caller = principal(key={"tokens_per_minute": 100})
    _, ticket = admit(caller, NOW)
    settle(ticket, 99, NOW)
    _, ticket = admit(caller, NOW)
    settle(ticket, 500, NOW)

    decision, _ = admit(caller, NOW + 1000)

    assert (decision.code, decision.limit, decision.remaining) == ("tokens_per_minute", 100, 0)
    assert not passes(caller, NOW + MINUTE - 1)
    assert passes(caller, NOW + MINUTE + MINUTE // 12)


def test_tokens_of_the_plan_are_counted_over_all_keys():
    plan = {"tokens_per_day": 100, "tokens_per_month": 1000}
    _, ticket = admit(principal(user=plan, key_id=1), NOW)
    settle(ticket, 100, NOW)

    assert admit(principal(user=plan, key_id=2), NOW)[0].code == "plan_daily_tokens"


def test_concurrent_requests_take_and_free_slots():
    caller = principal(user={"concurrent_requests": 3}, key={"concurrent_requests": 2})
    _, first = admit(caller, NOW)
    admit(caller, NOW)
    rejected, _ = admit(caller, NOW)
    assert (rejected.code, rejected.reset_seconds) == ("concurrent_requests", 1)
    other = principal(user={"concurrent_requests": 3}, key_id=2)
    assert passes(other, NOW)
    assert admit(other, NOW)[0].code == "plan_concurrent_requests"

    settle(first, 0, NOW)

    assert passes(caller, NOW)


def test_an_abandoned_slot_ends_with_its_lease():
    caller = principal(key={"concurrent_requests": 1})
    assert passes(caller, NOW)

    assert not passes(caller, NOW + SLOT_LEASE_MS - 1)
    assert passes(caller, NOW + SLOT_LEASE_MS)


def test_max_requests_continues_from_the_count_in_the_database():
    caller = principal(max_requests=10, requests_used=7)
    assert [passes(caller, NOW + n * DAY) for n in range(4)] == [True, True, True, False]
    assert admit(caller, NOW)[0].code == "max_requests"

    assert passes(principal(max_requests=11, requests_used=7), NOW)


def test_max_requests_restarts_from_the_database_when_redis_is_empty():
    assert [passes(principal(max_requests=3), NOW) for _ in range(4)] == [True] * 3 + [False]
    forget()

    caller = principal(max_requests=3, requests_used=2)

    assert [passes(caller, NOW), passes(caller, NOW)] == [True, False]


def test_the_nearest_limit_is_reported():
    caller = principal(user={"requests_per_day": 9}, key={"requests_per_minute": 5})
    assert admit(caller, NOW)[0][1:3] == (5, 4)
    for _ in range(4):
        admit(caller, NOW)

    assert admit(caller, NOW + 2 * MINUTE)[0][1:3] == (9, 3)


def test_reading_the_usage_counts_nothing():
    caller = principal(
        key={"requests_per_minute": 5, "tokens_per_day": 500, "concurrent_requests": 4},
        max_requests=9,
    )
    _, ticket = admit(caller, NOW)
    admit(caller, NOW)
    settle(ticket, 30, NOW)

    looks = [usage_of_keys(1, [1, 2], NOW) for _ in range(3)]

    assert looks[0] == looks[1] == looks[2]
    used = looks[0][1]
    assert (used.requests_per_minute, used.tokens_per_day) == (2, 30)
    assert (used.concurrent_requests, used.total_requests) == (1, 2)
    assert set(looks[0][2]) == {0}
    assert usage_of_keys(1, [1], NOW + 2 * MINUTE)[1].requests_per_minute == 0


def test_everything_kept_in_redis_expires_and_is_bounded():
    every = dict.fromkeys(Allowance.__struct_fields__, 10**9)
    caller = principal(user=every, key={**every, "requests_per_month": 0}, max_requests=10**9)
    for n in range(200):
        _, ticket = admit(caller, NOW + n * DAY // 100)
        settle(ticket, 1000, NOW + n * DAY // 100)

    client = get_redis_connection("default")
    names = names_like("{u1}*")

    assert names
    assert all(client.pttl(name) > 0 for name in names)
    assert sum(client.memory_usage(name) for name in names) < 6_000


def test_all_keys_of_a_user_are_in_one_slot_of_a_cluster():
    every = dict.fromkeys(Allowance.__struct_fields__, 10)
    caller = principal(user=every, key=every)
    _, ticket = admit(caller, NOW)
    assert ticket.slot

    names = names_like("*{u*}*")

    assert {name.partition(b"{")[2].partition(b"}")[0] for name in names} == {b"u1"}


def test_the_window_of_attempts_by_address_slides_too():
    def attempt(now_ms, identity="192.0.2.1"):
        return hit("sign-in", identity, limit=2, window_seconds=60, now_ms=now_ms)

    assert [attempt(NOW).allowed, attempt(NOW + 40_000).allowed] == [True, True]
    rejected = attempt(NOW + 50_000)
    assert (rejected.code, rejected.remaining) == ("too_many_attempts", 0)
    assert attempt(NOW + 50_000, "192.0.2.2").allowed
    assert attempt(NOW + 50_000 + rejected.reset_seconds * 1000).allowed
    assert not attempt(NOW + 66_000).allowed


def test_an_identity_is_not_stored_in_redis():
    hit("sign-in", "ada@example.com", limit=2, window_seconds=60)

    names = names_like("*")
    assert names
    assert not [name for name in names if b"ada@" in name or b"example" in name]
