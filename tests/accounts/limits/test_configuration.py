"""/v1/user/rate-limits: the limits of one's keys, and what is used of them."""

import pytest

from accounts.keys import create_key
from accounts.models import AuditEntry, Plan, RateLimitConfig
from tests.conftest import ApiClient
from tests.problems import assert_problem

PATH = "/v1/user/rate-limits"
LIMITS = {
    "requests_per_minute": 60,
    "requests_per_hour": 1_000,
    "requests_per_day": 10_000,
    "tokens_per_minute": 10_000,
    "tokens_per_hour": 100_000,
    "tokens_per_day": 1_000_000,
}


def put(api, key, limits, path=PATH):
    return api.put(f"{path}/{key.pk}", limits, content_type="application/json")


def test_a_key_without_its_own_limits_has_those_of_the_plan(api, key):
    body = api.get(PATH).json()

    assert body["success"] is True
    assert body["count"] == 1
    (listed,) = body["data"]
    assert listed["key_id"] == key.pk
    assert listed["api_key"] == key.masked
    assert listed["is_configured"] is False
    assert set(listed["rate_limit_config"].values()) == {0}
    assert set(listed["current_status"].values()) == {None}


def test_limits_are_enforced_and_shown_with_what_remains(api, key, committed):
    with committed():
        response = put(api, key, {**LIMITS, "requests_per_minute": 5})
    assert response.status_code == 200
    assert response.json()["updated_config"]["requests_per_minute"] == 5
    api.get("/v1/chat/sessions")

    (listed,) = api.get(PATH).json()["data"]

    assert listed["rate_limit_config"] == {
        **LIMITS,
        "requests_per_minute": 5,
        "concurrency_limit": 50,
    }
    # This request and the one before it.
    assert listed["usage_stats"]["minute"] == {"total_requests": 2, "total_tokens": 0}
    assert listed["current_status"]["requests_remaining_minute"] == 3
    assert listed["current_status"]["concurrent_remaining"] == 49
    assert [api.get(PATH).status_code for _ in range(4)] == [200] * 3 + [429]


def test_reading_the_usage_does_not_change_the_counts(api, key, limit_key):
    limit_key(requests_per_minute=10)
    path = f"{PATH}/usage/{key.pk}"

    used = [api.get(path).json()["usage_stats"]["total_requests"] for _ in range(3)]

    # Each is a request itself, and counts once.
    assert used == [1, 2, 3]


def test_shows_the_usage_of_the_requested_window(api, key, limit_key):
    limit_key(requests_per_day=10)

    body = api.get(f"{PATH}/usage/{key.pk}?time_window=day").json()

    assert (body["time_window"], body["usage_stats"]["total_requests"]) == ("day", 1)
    assert body["rate_limit_config"]["requests_per_day"] == 10
    assert_problem(api.get(f"{PATH}/usage/{key.pk}?time_window=year"), 400, "validation_error")


def test_shows_the_used_tokens(api, key, limit_key):
    limit_key(tokens_per_hour=1000)
    session = api.post_json("/v1/chat/sessions", {}).json()["data"]["id"]
    message = {"role": "user", "content": "Hello", "tokens": 30}
    api.post_json(f"/v1/chat/sessions/{session}/messages", message)

    body = api.get(f"{PATH}/usage/{key.pk}?time_window=hour").json()

    assert body["usage_stats"]["total_tokens"] == 30
    assert body["data"]["current_status"]["tokens_remaining_hour"] == 970


@pytest.mark.parametrize("missing", LIMITS)
def test_all_six_limits_are_required(api, key, missing):
    given = {name: limit for name, limit in LIMITS.items() if name != missing}

    body = assert_problem(put(api, key, given), 400, "validation_error")

    assert list(body["errors"]) == [missing]


@pytest.mark.parametrize("value", [-1, "many", 1.5, None, 10**13])
def test_limits_must_be_non_negative_integers(api, key, value):
    response = put(api, key, {**LIMITS, "tokens_per_day": value})

    assert list(assert_problem(response, 400, "validation_error")["errors"]) == ["tokens_per_day"]


def test_a_limit_above_the_plan_is_rejected_and_named(api, key, limit_plan):
    limit_plan(daily_request_limit=9_999, max_concurrent_requests=3)
    given = {**LIMITS, "concurrency_limit": 4}

    body = assert_problem(put(api, key, given), 400, "validation_error")

    assert body["errors"] == {
        "requests_per_day": ["The plan Test allows at most 9,999."],
        "concurrency_limit": ["The plan Test allows at most 3."],
    }
    assert not RateLimitConfig.objects.exists()


def test_zero_leaves_the_limit_to_the_plan(api, key, limit_plan, committed):
    limit_plan(requests_per_minute=2)
    with committed():
        put(api, key, dict.fromkeys(LIMITS, 0))

    api.get(PATH)

    assert_problem(api.get(PATH), 429, "plan_requests_per_minute")


def test_the_limits_of_somebody_elses_key_are_not_found(stranger_api, key):
    assert_problem(put(stranger_api, key, LIMITS), 404, "not_found")
    assert_problem(stranger_api.get(f"{PATH}/usage/{key.pk}"), 404, "not_found")
    assert key.pk not in [listed["key_id"] for listed in stranger_api.get(PATH).json()["data"]]


def test_all_keys_are_limited_together(api, user, stranger_api, django_assert_num_queries):
    for n in range(5):
        create_key(user, key_name=f"key {n}")
    api.get(PATH)

    # The plan; the keys; SAVEPOINT; of bulk_create SAVEPOINT, INSERT … ON CONFLICT, the digests to
    # forget, and RELEASE; the audit entry and its personal data; RELEASE.
    with django_assert_num_queries(10):
        response = api.post_json(f"{PATH}/bulk-update", LIMITS)

    assert response.json()["updated_count"] == 6
    assert RateLimitConfig.objects.count() == 6
    assert api.post_json(f"{PATH}/bulk-update", {**LIMITS, "tokens_per_day": 7}).status_code == 200
    assert set(RateLimitConfig.objects.values_list("tokens_per_day", flat=True)) == {7}


def test_a_change_is_audited(api, user, key):
    put(api, key, LIMITS)

    entry = AuditEntry.objects.filter(action="rate_limits_set").get()
    assert entry.user_id == user.pk
    assert entry.target == f"api_key:{key.pk}"
    assert entry.after == LIMITS


def test_the_list_is_paginated(api, user):
    for n in range(3):
        create_key(user, key_name=f"key {n}")

    body = api.get(f"{PATH}?limit=2&offset=2").json()

    assert (len(body["data"]), body["count"]) == (2, 4)


def test_old_paths_still_work(api, key, committed):
    with committed():
        assert put(api, key, LIMITS, path="/user/rate-limits").status_code == 200
    assert api.get("/user/rate-limits").json()["rate_limit_configs"][0]["is_configured"]
    assert api.get(f"/user/rate-limits/usage/{key.pk}").status_code == 200
    assert api.post_json("/user/rate-limits/bulk-update", LIMITS).status_code == 200


def test_a_key_needs_the_scope(user, db):
    _, secret = create_key(user, key_name="reads", scope_permissions={"limits": ["read"]})
    reader = ApiClient(secret)

    assert reader.get(PATH).status_code == 200
    assert_problem(reader.post_json(f"{PATH}/bulk-update", LIMITS), 403, "insufficient_scope")


def test_a_lower_plan_bounds_earlier_limits(api, user, key, committed):
    with committed():
        put(api, key, LIMITS)
    with committed():
        user.plan = Plan.objects.create(name="Small", requests_per_minute=1)
        user.save()
    api.get(PATH)

    assert_problem(api.get(PATH), 429, "plan_requests_per_minute")
