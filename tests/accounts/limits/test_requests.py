"""Limits on requests: the answers, the cost, and what happens without Redis."""

from datetime import UTC, datetime
from itertools import takewhile

import pytest
from django.test import Client
from django_redis import get_redis_connection

from accounts import limits
from accounts.access.key_lookup import get_user
from accounts.limits.store import admit, most_rejected
from accounts.limits.throttles import PUBLIC_REQUESTS_PER_MINUTE
from accounts.models import Plan
from chat.models import ChatSession
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


def rate_limit(response):
    return tuple(int(response[f"RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))


def test_a_limited_response_says_what_remains(api, limit_key):
    limit_key(requests_per_minute=3)

    limit, remaining, reset = rate_limit(api.get(PATH))

    assert (limit, remaining) == (3, 2)
    assert 60 <= reset <= 65
    assert rate_limit(api.get(PATH))[:2] == (3, 1)


def test_a_request_past_the_limit_is_a_429_problem(api, limit_key):
    limit_key(requests_per_minute=1)
    api.get(PATH)

    response = api.post_json(PATH, {})

    body = assert_problem(response, 429, "requests_per_minute")
    assert body["detail"] == "This API key has reached its limit of requests a minute: 1."
    assert rate_limit(response)[:2] == (1, 0)
    assert response["Retry-After"] == response["RateLimit-Reset"]
    assert not ChatSession.objects.exists()


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("requests_per_minute", "plan_requests_per_minute"),
        ("requests_per_hour", "plan_requests_per_hour"),
        ("daily_request_limit", "plan_daily_requests"),
        ("monthly_request_limit", "plan_monthly_requests"),
    ],
)
def test_the_plan_limits_requests(api, limit_plan, field, code):
    limit_plan(**{field: 1})
    assert api.get(PATH).status_code == 200

    response = api.get(PATH)

    assert_problem(response, 429, code)
    assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("requests_per_hour", "requests_per_hour"),
        ("requests_per_day", "requests_per_day"),
    ],
)
def test_the_key_is_limited_by_the_hour_and_day(api, limit_key, field, code):
    limit_key(**{field: 1})
    assert api.get(PATH).status_code == 200

    assert_problem(api.get(PATH), 429, code)


def test_a_key_ends_after_its_maximum_of_requests(api, key, unlimited, committed):
    with committed():
        key.max_requests = 2
        key.save()
    assert [api.get(PATH).status_code for _ in range(2)] == [200, 200]

    response = api.get(PATH)

    assert_problem(response, 429, "max_requests")
    assert response["Retry-After"] == "86400"


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("tokens_per_minute", "plan_tokens_per_minute"),
        ("tokens_per_hour", "plan_tokens_per_hour"),
        ("daily_token_limit", "plan_daily_tokens"),
        ("monthly_token_limit", "plan_monthly_tokens"),
    ],
)
def test_the_tokens_of_messages_count(api, limit_plan, field, code):
    limit_plan(**{field: 100})
    session = api.post_json(PATH, {}).json()["data"]["id"]
    message = {"role": "user", "content": "Hello", "tokens": 100}

    assert api.post_json(f"{PATH}/{session}/messages", message).status_code == 201

    assert_problem(api.get(PATH), 429, code)


def test_tokens_of_a_failed_request_do_not_count(api, limit_key):
    limit_key(tokens_per_minute=100)
    message = {"role": "user", "content": "Hello", "tokens": 100}

    assert api.post_json(f"{PATH}/1/messages", message).status_code == 404

    assert api.get(PATH).status_code == 200


def test_a_slot_is_freed_after_the_response(api, limit_key):
    limit_key(concurrency_limit=1)

    assert [api.get(PATH).status_code for _ in range(3)] == [200] * 3


def test_a_request_beyond_the_concurrency_limit_is_rejected(api, api_key, limit_key):
    limit_key(concurrency_limit=1)
    admit(get_user(api_key))  # as another process does

    response = api.get(PATH)

    assert_problem(response, 429, "concurrent_requests")
    assert response["Retry-After"] == "1"


def test_another_users_requests_do_not_count(api, stranger_api, limit_key):
    limit_key(requests_per_minute=1)
    api.get(PATH)

    assert api.get(PATH).status_code == 429
    assert stranger_api.get(PATH).status_code == 200


def test_an_unknown_caller_is_denied_without_rate_limit_headers(db):
    response = Client().get(PATH)

    assert response.status_code == 401
    assert "RateLimit-Limit" not in response


def test_a_request_denied_for_its_scope_does_not_count(api, key, limit_key, committed):
    limit_key(requests_per_minute=1)
    with committed():
        key.scope_permissions = {"activity": ["read"]}
        key.save()

    assert [api.get(PATH).status_code for _ in range(3)] == [403] * 3
    assert api.get("/v1/activity/log").status_code == 200


def test_without_limits_redis_is_not_asked_and_no_header_sent(api, unlimited):
    before = limits.counters.counts()["asked"]

    response = api.get(PATH)

    assert "RateLimit-Limit" not in response
    assert limits.counters.counts()["asked"] == before


def test_a_warm_creation_under_limits_takes_one_statement(
    api, limit_key, limit_plan, django_assert_num_queries
):
    limit_plan(daily_request_limit=100, daily_token_limit=1000, max_concurrent_requests=5)
    limit_key(requests_per_minute=60, concurrency_limit=5)
    api.post_json(PATH, {})

    # INSERT INTO chat_sessions … RETURNING id; limits need none.
    with django_assert_num_queries(1):
        assert api.post_json(PATH, {}).status_code == 201


@pytest.fixture
def commands(committed):
    """The Redis commands that a second call sends, without those inside scripts."""

    def sent_by(call):
        with committed():
            call()
        client = get_redis_connection("default")
        with client.monitor() as monitor:
            with committed():
                call()
            client.execute_command("ECHO", "done")
            sent = takewhile(
                lambda command: not command["command"].startswith("ECHO"), monitor.listen()
            )
            names = [
                command["command"].split()[0]
                for command in sent
                if command["client_type"] != "lua"
            ]
        # Neither the heartbeat of the key cache nor a new connection, which is named by CLIENT.
        return [name for name in names if name not in {"CLIENT", "PING", "SUBSCRIBE"}]

    return sent_by


@pytest.mark.usefixtures("listening")
def test_a_request_takes_one_round_trip_for_limits_and_one_for_activity(api, limit_plan, commands):
    limit_plan(daily_request_limit=100)

    # ADMIT; the push of the event.
    assert commands(lambda: api.post_json(PATH, {})) == ["EVALSHA"] * 2


@pytest.mark.usefixtures("listening")
def test_slots_and_tokens_take_another_round_trip_after_the_response(api, limit_plan, commands):
    limit_plan(max_concurrent_requests=5)

    # ADMIT; SETTLE, once the answer is sent; the push of the event, at the test's commit.
    assert commands(lambda: api.post_json(PATH, {})) == ["EVALSHA"] * 3


def test_without_redis_requests_are_admitted_and_counted(api, unlimited, no_redis):
    Plan.objects.update(daily_request_limit=1)
    before = limits.counters.counts()["unavailable"]

    assert [api.get(PATH).status_code for _ in range(2)] == [200, 200]

    assert limits.counters.counts()["unavailable"] == before + 2


def test_without_redis_requests_are_rejected_if_the_setting_says_so(
    api, unlimited, settings, no_redis
):
    Plan.objects.update(daily_request_limit=1)
    settings.RATE_LIMITS_FAIL_OPEN = False

    response = api.get(PATH)

    assert_problem(response, 503, "cache_unavailable")
    assert response["Retry-After"]


def test_a_public_endpoint_is_limited_by_address(db):
    client = Client()
    response = client.get("/v1/plans")
    assert rate_limit(response)[:2] == (
        PUBLIC_REQUESTS_PER_MINUTE,
        PUBLIC_REQUESTS_PER_MINUTE - 1,
    )
    for _ in range(PUBLIC_REQUESTS_PER_MINUTE):
        response = client.get("/v1/plans/1")

    assert_problem(response, 429, "too_many_attempts")
    assert response["Retry-After"]
    assert Client(REMOTE_ADDR="192.0.2.7").get("/v1/plans").status_code == 200


def test_a_rejected_caller_is_counted(api, user, key, limit_key):
    limit_key(requests_per_minute=1)
    for _ in range(4):
        api.get(PATH)

    (noted,) = most_rejected(datetime.now(UTC).date().isoformat(), 10)
    assert noted == (user.pk, key.pk, "requests_per_minute", 3)


def test_the_free_plan_admits_the_burst_of_a_benchmark(api):
    responses = [api.get(PATH) for _ in range(150)]

    assert {response.status_code for response in responses} == {200}
    # Requests that were leased and not made in time count as well.
    assert rate_limit(responses[-1])[1] <= rate_limit(responses[0])[1] - 149
