"""The time that a request has."""

import time

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory
from redis.exceptions import TimeoutError as RedisTimeoutError

from gatewayz.redis.breaker import BreakerRetry
from gatewayz.request import deadline
from gatewayz.request.deadline import DeadlineMiddleware
from tests.problems import assert_problem


@pytest.fixture
def allowed(settings, monkeypatch):
    """What a view finds is left, on a clock that stands still."""
    settings.REQUEST_DEADLINE_SECONDS = 5.0
    found = []

    def view(request):
        found.append(deadline.remaining_seconds())
        return HttpResponse()

    def ask(header=None):
        headers = {} if header is None else {"X-Request-Timeout": header}
        with monkeypatch.context() as patch:
            patch.setattr("gatewayz.request.deadline.time.monotonic", lambda: 1000.0)
            DeadlineMiddleware(view)(RequestFactory().get("/", headers=headers))
        return found[0]

    return ask


def in_request(view, timeout="5"):
    DeadlineMiddleware(view)(RequestFactory().get("/", headers={"X-Request-Timeout": timeout}))


def test_a_request_has_the_time_that_the_setting_says(allowed):
    assert allowed() == 5.0


def test_a_client_may_ask_for_less(allowed):
    assert allowed("0.75") == 0.75


@pytest.mark.parametrize("header", ["60", "0", "-1", "nan", "inf", "soon", ""])
def test_more_time_and_nonsense_are_not_listened_to(allowed, header):
    assert allowed(header) == 5.0


def test_outside_a_request_there_is_no_deadline():
    assert deadline.remaining_seconds() is None
    assert deadline.within_deadline(60) == 60
    assert not deadline.has_passed()


@pytest.mark.django_db(transaction=True)
def test_no_statement_is_waited_for_past_the_deadline():
    def view(request):
        with pytest.raises(OperationalError):
            connection.cursor().execute("SELECT pg_sleep(3600)")
        assert deadline.has_passed()
        return HttpResponse()

    in_request(view, "0.2")

    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_after_the_deadline():
    asked = []

    def view(request):
        while not deadline.has_passed():
            time.sleep(0.001)
        with pytest.raises(OperationalError):
            connection.cursor().execute("SELECT 1")
        with pytest.raises(RedisTimeoutError):
            BreakerRetry().call_with_retry(lambda: asked.append(1), lambda error: None)
        return HttpResponse()

    in_request(view, "0.01")

    assert not asked


@pytest.mark.django_db(transaction=True)
def test_a_late_request_is_told_to_try_again(api):
    api.get("/v1/chat/sessions")  # the key is in the cache
    response = locked_out(api)

    assert_problem(response, 503, "deadline_exceeded")
    assert response["Retry-After"] == "1"


def locked_out(api):
    """The answer to a creation while another connection holds the table."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE chat_sessions IN ACCESS EXCLUSIVE MODE")
        return api.post_json("/v1/chat/sessions", {}, headers={"X-Request-Timeout": "0.3"})
    finally:
        other.rollback()
        other.close()
