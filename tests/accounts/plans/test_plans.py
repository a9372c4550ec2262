"""Plans: those on offer, a user's own, its usage and its entitlements."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.keys import create_key
from accounts.models import ActivityDay, ApiKey, ApiKeyDay, Plan, User
from tests.conftest import ApiClient
from tests.days import today
from tests.problems import assert_problem

FIELDS = {
    "id",
    "name",
    "description",
    "plan_type",
    "daily_request_limit",
    "monthly_request_limit",
    "daily_token_limit",
    "monthly_token_limit",
    "price_per_month",
    "yearly_price",
    "price_per_token",
    "is_pay_as_you_go",
    "max_concurrent_requests",
    "features",
    "is_active",
}


@pytest.fixture
def plan(user, committed):
    """The user's plan."""
    plan = Plan.objects.create(
        name="Test", features=["search"], daily_request_limit=10, monthly_token_limit=1000
    )
    with committed():
        user.plan = plan
        user.save()
    return plan


def test_plans_are_public_and_listed_cheapest_first(db):
    body = Client().get("/v1/plans").json()

    assert [plan["name"] for plan in body["data"]] == ["Free", "Pro", "Enterprise"]
    assert body["count"] == 3
    assert body["data"][0].keys() >= FIELDS
    assert body["data"][1]["price_per_month"] == 49.0


def test_the_enterprise_plan_has_no_limits(db):
    plan = Plan.objects.get(plan_type="enterprise")

    assert set(plan.bounds().values()) | {plan.monthly_request_limit} == {None}


def test_the_list_of_plans_takes_one_statement(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        Client().get("/v1/plans")


def test_a_plan_is_read_by_its_id(db):
    assert Client().get("/v1/plans/1").json()["data"]["plan_type"] == "free"
    assert_problem(Client().get("/v1/plans/999"), 404, "not_found")


def test_a_plan_that_is_not_offered_is_not_found(plan):
    Plan.objects.filter(pk=plan.pk).update(is_active=False)

    assert "Test" not in [offered["name"] for offered in Client().get("/v1/plans").json()["data"]]
    assert_problem(Client().get(f"/v1/plans/{plan.pk}"), 404, "not_found")


def test_an_invalid_key_does_not_matter_at_a_public_endpoint(db):
    assert ApiClient("gw_live_made_up").get("/v1/plans").status_code == 200


def test_new_users_have_the_free_plan(api):
    assert api.get("/v1/user/plan").json()["data"]["plan_type"] == "free"


def test_a_users_own_plan_is_shown_even_if_it_is_not_offered(api, plan):
    Plan.objects.filter(pk=plan.pk).update(is_active=False)

    assert api.get("/v1/user/plan").json()["data"]["id"] == plan.pk


def add_day(user, day, requests, tokens, model="acme/big"):
    ActivityDay.objects.create(
        user=user,
        day=day,
        model=model,
        provider="acme",
        requests=requests,
        tokens=tokens,
        spend=Decimal(0),
        logged=0,
    )


def test_usage_covers_today_and_this_month(api, user, plan, django_assert_num_queries):
    add_day(user, today(), 3, 100)
    add_day(user, today(), 9, 200, model="acme/small")
    last_month = today().replace(day=1) - timedelta(days=1)
    add_day(user, last_month, 1000, 1000)
    add_day(User.objects.create_user("eve@example.com"), today(), 500, 500)
    api.get("/v1/chat/sessions")

    # The plan; the sums.
    with django_assert_num_queries(2):
        body = api.get("/v1/user/plan/usage").json()

    assert body["data"] == {
        "plan_name": "Test",
        "usage": {
            "daily_requests": 12,
            "daily_tokens": 300,
            "monthly_requests": 12,
            "monthly_tokens": 300,
        },
        "limits": {
            "daily_requests": 10,
            "daily_tokens": None,
            "monthly_requests": None,
            "monthly_tokens": 1000,
        },
        "remaining": {
            "daily_requests": 0,
            "daily_tokens": None,
            "monthly_requests": None,
            "monthly_tokens": 700,
        },
        "at_limit": {
            "daily_requests": True,
            "daily_tokens": False,
            "monthly_requests": False,
            "monthly_tokens": False,
        },
        "storage": {
            "used_bytes": 0,
            "limit_bytes": None,
            "remaining_bytes": None,
            "at_limit": False,
        },
    }
    # Where clients of the old service look.
    assert body["usage"] == body["data"]["usage"]


def test_a_new_user_has_zero_usage(api):
    assert set(api.get("/v1/user/plan/usage").json()["data"]["usage"].values()) == {0}


@pytest.mark.parametrize(
    ("query", "can"),
    [("", True), ("?feature=", True), ("?feature=search", True), ("?feature=x", False)],
)
def test_entitlements_say_whether_the_plan_has_a_feature(api, plan, query, can):
    body = api.get(f"/v1/user/plan/entitlements{query}").json()

    assert body["data"]["can_access_feature"] is body["can_access_feature"] is can
    assert body["data"]["features"] == ["search"]
    assert body["data"]["has_plan"] is True
    assert body["data"]["daily_request_limit"] == 10


def test_usage_is_shown_by_environment(api, user, key, django_assert_num_queries):
    test_key, _ = create_key(user, key_name="test", environment_tag="test")
    ApiKey.objects.filter(pk=key.pk).update(requests_used=7, max_requests=100)
    ApiKeyDay.objects.create(
        api_key=test_key, day=today(), requests=4, tokens=40, spend=Decimal("0.5")
    )
    api.get("/v1/chat/sessions")

    # The keys; this month's days.
    with django_assert_num_queries(2):
        body = api.get("/v1/user/environment-usage").json()

    assert body["environment_usage"] == body["data"]
    assert body["data"]["live"] == {
        "key_count": 1,
        "total_requests": 7,
        "total_max_requests": 100,
        "monthly_requests": 0,
        "monthly_tokens": 0,
        "monthly_cost": 0.0,
    }
    assert body["data"]["test"]["monthly_requests"] == 4
    assert body["data"]["test"]["monthly_cost"] == 0.5


@pytest.mark.parametrize(
    "path",
    ["/user/plan", "/user/plan/usage", "/user/plan/entitlements", "/user/environment-usage"],
)
def test_old_paths_still_work_and_need_a_key(api, path):
    assert api.get(path).json() == api.get(f"/v1{path}").json()
    assert_problem(Client().get(path), 401, "not_authenticated")
    assert_problem(Client().get(f"/v1{path}"), 401, "not_authenticated")


def test_a_key_needs_the_scope(user):
    _, secret = create_key(user, key_name="chats", scope_permissions={"chat": ["read"]})

    assert_problem(ApiClient(secret).get("/v1/user/plan"), 403, "insufficient_scope")
