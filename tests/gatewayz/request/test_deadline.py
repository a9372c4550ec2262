"""The time that a request has."""

import time

import pytest
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from psycopg.pq import TransactionStatus
from redis.exceptions import TimeoutError as RedisTimeoutError

from accounts.principals import key_format
from gatewayz.redis.breaker import BreakerRetry
from gatewayz.request import deadline
from gatewayz.request.deadline import DeadlineMiddleware
from tests.deadlines import let_deadline_pass
from tests.problems import assert_problem
from tests.waiting import WAIT_SECONDS


@pytest.fixture
def allowed(settings, monkeypatch):
    """The seconds that a view has left, on a stopped clock."""
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


def test_a_request_has_the_time_of_the_setting(allowed):
    assert allowed() == 5.0


def test_a_client_may_ask_for_less(allowed):
    assert allowed("0.75") == 0.75


@pytest.mark.parametrize("header", ["0.0000001", "0.003", "0.0999"])
def test_every_request_gets_at_least_a_tenth_of_a_second(allowed, header):
    assert allowed(header) == pytest.approx(0.1) == deadline.MIN_ASKED_SECONDS


def test_the_minimum_never_exceeds_the_setting(allowed, settings):
    settings.REQUEST_DEADLINE_SECONDS = 0.05

    assert allowed("0.01") == pytest.approx(0.05)


@pytest.mark.parametrize("header", ["60", "0", "-1", "nan", "inf", "soon", ""])
def test_a_longer_or_invalid_time_is_ignored(allowed, header):
    assert allowed(header) == 5.0


def test_outside_a_request_there_is_no_deadline():
    assert deadline.remaining_seconds() is None
    assert deadline.within_deadline(60) == 60
    assert not deadline.has_passed()


def late(view, settings):
    """Call `view` in a request that is late."""
    settings.REQUEST_DEADLINE_SECONDS = 0.000001

    def called(request):
        assert deadline.has_passed()
        return view(request)

    in_request(called)


def test_follow_up_work_has_time_even_after_the_deadline(monkeypatch):
    left = []
    now = 1000.0

    def view(request):
        nonlocal now
        now += 3600
        with deadline.extended():
            left.append(deadline.remaining_seconds())
        assert deadline.has_passed()
        return HttpResponse()

    with monkeypatch.context() as patch:
        patch.setattr("gatewayz.request.deadline.time.monotonic", lambda: now)
        in_request(view)

    assert left == [deadline.FOLLOW_UP_SECONDS]


def test_follow_up_work_never_has_less_time_than_the_request():
    left = []

    def view(request):
        with deadline.extended():
            left.append(deadline.remaining_seconds())
        return HttpResponse()

    in_request(view, "30")

    assert left[0] > deadline.FOLLOW_UP_SECONDS


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


@pytest.fixture
def backend():
    """The process that serves this thread's connection."""
    connection.ensure_connection()
    return connection.connection.info.backend_pid


@pytest.mark.django_db(transaction=True)
def test_a_late_request_closes_no_connection(settings, backend):
    def view(request):
        with pytest.raises(OperationalError):
            connection.cursor().execute("SELECT 1")
        return HttpResponse()

    late(view, settings)

    assert connection.connection.info.backend_pid == backend
    assert not connection.connection.closed


@pytest.mark.django_db(transaction=True)
def test_a_late_transaction_is_rolled_back_and_closes_no_connection(backend, settings):
    settings.REQUEST_DEADLINE_SECONDS = 60.0

    def view(request):
        with pytest.raises(OperationalError), transaction.atomic():
            connection.cursor().execute("CREATE TABLE with_expired_claim ()")
            let_deadline_pass()
        return HttpResponse()

    in_request(view)

    assert connection.connection.info.backend_pid == backend
    assert connection.connection.info.transaction_status == TransactionStatus.IDLE
    assert "with_expired_claim" not in connection.introspection.table_names()


@pytest.mark.django_db(transaction=True)
def test_a_running_statement_may_end_a_little_after_the_deadline(backend, monkeypatch):
    monkeypatch.setattr("gatewayz.database.connections.GRACE_SECONDS", WAIT_SECONDS)

    def view(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_sleep(0.3)")
            assert cursor.fetchall() == [(1,)]
        assert deadline.has_passed()
        return HttpResponse()

    in_request(view, "0.1")

    assert connection.connection.info.backend_pid == backend


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("timeout", ["0.0005", "0.001", "0.002", "0.004"])
def test_unknown_keys_with_hardly_any_time_close_no_connection(
    backend, client, timeout, monkeypatch
):
    monkeypatch.setattr("gatewayz.database.connections.GRACE_SECONDS", WAIT_SECONDS)
    for _ in range(5):
        headers = {
            "Authorization": f"Bearer {key_format.generate('live')}",
            "X-Request-Timeout": timeout,
        }
        client.get("/v1/chat/stats", headers=headers)

    assert connection.connection.info.backend_pid == backend


@pytest.mark.django_db(transaction=True)
def test_a_late_request_gets_a_retry_after_header(api):
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
