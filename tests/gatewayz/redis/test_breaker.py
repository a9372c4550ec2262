"""The circuit breaker before Redis."""

from threading import Thread

import pytest
from django_redis import get_redis_connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from accounts import background
from accounts.principals import cached_keys
from gatewayz.redis.breaker import BreakerRetry, CircuitBreaker, breaker


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fresh(clock):
    return CircuitBreaker(open_seconds=1.0, clock=clock)


@pytest.fixture
def closed_again():
    yield
    breaker.succeeded()


def admitted_elsewhere(some_breaker):
    """Whether the breaker admits another thread."""
    answers = []
    other = Thread(target=lambda: answers.append(some_breaker.admit()))
    other.start()
    other.join()
    return answers[0]


def test_it_is_closed_at_first(fresh):
    assert not fresh.is_open()
    assert fresh.admit()


def test_a_failure_opens_it(fresh):
    fresh.failed()

    assert fresh.is_open()
    assert not fresh.admit()
    assert fresh.opened == 1


def test_half_open_it_admits_one_thread(fresh, clock):
    fresh.failed()
    clock.seconds += 1.0

    assert fresh.is_open()
    assert fresh.admit()
    assert not admitted_elsewhere(fresh)
    assert fresh.admit(), "a command connects within itself"


def test_an_answer_closes_it(fresh, clock):
    fresh.failed()
    clock.seconds += 1.0
    fresh.admit()
    fresh.succeeded()

    assert not fresh.is_open()
    assert admitted_elsewhere(fresh)


def test_a_failed_probe_opens_it_again(fresh, clock):
    fresh.failed()
    clock.seconds += 1.0
    fresh.admit()
    fresh.failed()

    assert fresh.is_open()
    assert not fresh.admit()
    assert fresh.opened == 1, "it is the same outage"


def test_a_probe_without_a_result_is_not_waited_for(fresh, clock):
    fresh.failed()
    clock.seconds += 1.0
    fresh.admit()
    clock.seconds += 1.0

    assert admitted_elsewhere(fresh)


def test_when_redis_is_down_only_the_first_caller_waits_for_it(closed_again):
    asked = []

    def ask():
        asked.append(1)
        raise RedisTimeoutError

    retry = BreakerRetry()
    with pytest.raises(RedisTimeoutError):
        retry.call_with_retry(ask, lambda error: None)
    for _ in range(5):
        with pytest.raises(RedisConnectionError):
            retry.call_with_retry(ask, lambda error: None)

    assert len(asked) == 1


def test_a_closed_connection_is_tried_again_once(closed_again):
    answers = iter([RedisConnectionError(), "PONG"])

    def ask():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert BreakerRetry().call_with_retry(ask, lambda error: None) == "PONG"
    assert not breaker.is_open()


def test_an_error_response_of_redis_counts_as_a_response():
    with pytest.raises(ResponseError):
        get_redis_connection("default").execute_command("NO-SUCH-COMMAND")

    assert not breaker.is_open()


def test_every_client_uses_the_breaker(no_redis):
    for client in (
        get_redis_connection("default"),
        cached_keys.key_cache().entries.process_cache.client,
        background.broker().connection,
    ):
        with pytest.raises(RedisConnectionError, match="a moment ago"):
            client.ping()
