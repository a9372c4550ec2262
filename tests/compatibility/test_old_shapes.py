"""The answers that clients of the old service read, at the paths with and without `/v1`."""

from datetime import UTC, datetime
from numbers import Number
from typing import Any

import pytest

from accounts.models import Credit, Plan
from tests.conftest import ApiClient

LIMITS = {
    f"{what}_per_{window}": 1
    for what in ("requests", "tokens")
    for window in ("minute", "hour", "day")
}
SETTINGS = {"default_model": "auto", "allowed_providers": ["a"], "low_balance_threshold": 5.0}


@pytest.fixture(params=["/v1", ""], ids=["v1", "old"])
def root(request: pytest.FixtureRequest) -> str:
    return request.param


def read(api: ApiClient, path: str, status: int = 200) -> Any:
    response = api.get(path)
    assert response.status_code == status, response.content
    return response.json()


def send(api: ApiClient, method: str, path: str, body: Any, status: int = 200) -> Any:
    response = getattr(api, method)(path, body, content_type="application/json")
    assert response.status_code == status, response.content
    return response.json()


def numbers(given: dict[str, Any], *names: str) -> None:
    for name in names:
        assert isinstance(given[name], Number), name


def strings(given: dict[str, Any], *names: str) -> None:
    for name in names:
        assert isinstance(given[name], str), name


# --- Profile ------------------------------------------------------------------------------------


def test_the_profile_is_flat(root, api, api_key, user):
    profile = read(api, f"{root}/user/profile")

    assert profile["user_id"] == user.pk
    assert profile["status"] == "success"
    strings(profile, "username", "email", "tier", "tier_display_name", "api_key", "name")
    strings(profile, "subscription_status", "auth_method", "registration_date", "created_at")
    numbers(profile, "credits", "subscription_allowance", "purchased_credits", "total_credits")
    assert profile["is_active"] is True
    assert profile["settings"] == profile["preferences"] == {}
    assert profile["api_key"] == f"{api_key[:10]}..."


def test_a_profile_returns_the_fields_it_keeps_for_clients(root, api):
    given = {"name": "Ada", "settings": SETTINGS, "preferences": {"theme": "dark"}}

    changed = send(api, "put", f"{root}/user/profile", given)

    profile = read(api, f"{root}/user/profile")
    for name, value in given.items():
        assert changed[name] == profile[name] == profile["data"][name] == value
    # Fields that are absent or null stay.
    send(api, "put", f"{root}/user/profile", {"name": None, "settings": {"a": 1}})
    profile = read(api, f"{root}/user/profile")
    assert (profile["name"], profile["settings"]) == ("Ada", {"a": 1})


@pytest.mark.parametrize("body", [{}, {"shoe_size": 42}, {"name": None}])
def test_a_profile_without_a_known_field_is_400(root, api, body):
    problem = send(api, "put", f"{root}/user/profile", body, 400)

    assert problem["detail"] == "At least one profile field must be provided."


@pytest.mark.parametrize("settings", [[], "x", {"a": "x" * 20_000}, {"a": "\x00"}])
def test_settings_that_cannot_be_stored_are_400(api, settings):
    strings(send(api, "put", "/user/profile", {"settings": settings}, 400), "detail")


def test_a_user_without_an_address_has_an_empty_one(root, api, user):
    user.email = None
    user.save()

    assert read(api, f"{root}/user/profile")["email"] == ""


def test_an_account_is_deleted_at_its_old_path(root, api, user):
    problem = send(api, "delete", f"{root}/user/account", {"confirmation": "yes"}, 400)
    strings(problem, "detail")

    answer = send(api, "delete", f"{root}/user/account", {"confirmation": "DELETE_ACCOUNT"})

    assert answer["status"] == "success"
    assert answer["user_id"] == str(user.pk)
    strings(answer, "message", "timestamp")


# --- Money --------------------------------------------------------------------------------------


def test_the_balance_and_its_history(root, api, user):
    for cause, amount in (("one", 10), ("two", -3)):
        Credit.objects.create(user=user, amount=amount, reason="bonus", cause=cause)

    balance = read(api, f"{root}/user/balance")
    assert (balance["credits"], balance["status"]) == (7.0, "active")
    assert balance["user_id"] == user.pk
    strings(balance, "api_key")

    history = read(api, f"{root}/user/credit-transactions?limit=50")
    newest, first = history["transactions"]
    assert (newest["amount"], newest["balance_after"]) == (-3.0, 7.0)
    assert (first["balance_before"], first["transaction_type"]) == (0.0, "bonus")
    strings(newest, "created_at", "description")
    assert (history["total"], history["limit"], history["offset"]) == (2, 50, 0)
    assert history["summary"]["net_change"] == 7.0
    one = read(api, f"{root}/user/credit-transactions?transaction_type=none")
    assert one["transactions"] == []


def test_the_monitor(root, api, user):
    monitor = read(api, f"{root}/user/monitor")

    assert monitor["status"] == "success"
    assert monitor["user_id"] == user.pk
    numbers(monitor, "current_credits")
    counts = [
        f"{what}_{when}"
        for what in ("requests", "tokens", "cost")
        for when in ("today", "this_month")
    ]
    numbers(monitor["usage_metrics"], "total_requests", "total_tokens", "total_cost", *counts)
    numbers(monitor["usage_metrics"], "average_tokens_per_request")
    strings(monitor["usage_metrics"], "most_used_model")
    numbers(monitor["rate_limits"], *LIMITS)


def test_the_limit(root, api):
    limit = read(api, f"{root}/user/limit")

    assert limit["status"] == "success"
    numbers(limit["current_limits"], *LIMITS)
    assert limit["current_usage"]["allowed"] is True
    strings(limit["reset_times"], "minute", "hour", "day")


def test_the_trial(root, api):
    trial = read(api, f"{root}/trial/status")

    assert trial["success"] is True
    assert trial["trial_status"]["is_trial"] is False


# --- Plans --------------------------------------------------------------------------------------


def test_plans_are_bare_without_v1(db, client):
    plans = client.get("/plans").json()
    assert plans
    assert [plan["id"] for plan in client.get("/v1/plans").json()["data"]] == [
        plan["id"] for plan in plans
    ]

    plan = client.get(f"/plans/{plans[0]['id']}").json()
    assert plan == plans[0]
    numbers(plan, "daily_request_limit", "price_per_month", "max_concurrent_requests")
    strings(client.get("/plans/999999").json(), "detail")


def test_the_plan_of_a_user(root, api, user):
    plan = read(api, f"{root}/user/plan")

    assert plan["plan_id"] == plan["data"]["id"]
    assert plan["user_id"] == user.pk
    strings(plan, "plan_name", "plan_description", "start_date", "end_date")
    numbers(plan, "daily_request_limit", "monthly_request_limit", "daily_token_limit")
    numbers(plan, "monthly_token_limit", "price_per_month")
    assert isinstance(plan["features"], list)
    assert datetime.fromisoformat(plan["end_date"]) > datetime.now(UTC)


def test_limits_of_a_plan_are_numbers_by_both_names(root, api):
    Plan.objects.update(monthly_token_limit=None)

    usage = read(api, f"{root}/user/plan/usage")

    numbers(usage["limits"], "daily_request_limit", "monthly_request_limit", "daily_requests")
    numbers(usage["limits"], "daily_token_limit", "monthly_token_limit", "monthly_tokens")
    numbers(usage["remaining"], *usage["remaining"])
    numbers(usage["usage"], *usage["usage"])
    assert usage["data"]["limits"]["monthly_tokens"] is None


def test_entitlements(root, api):
    entitlements = read(api, f"{root}/user/plan/entitlements?feature=flying")

    assert entitlements["plan_expires"] is None
    assert entitlements["plan_expired"] is False
    assert entitlements["can_access_feature"] is False
    numbers(entitlements, "daily_request_limit", "monthly_token_limit")


def test_usage_is_shown_by_environment(root, api, user):
    usage = read(api, f"{root}/user/environment-usage")

    assert usage["status"] == "success"
    assert usage["user_id"] == user.pk
    numbers(usage["environment_usage"]["live"], "total_requests", "key_count")


def test_subscriptions_respond_410(root, client):
    response = client.get(f"{root}/subscription/plans")

    assert response.status_code == 410
    strings(response.json(), "detail")


# --- Keys ---------------------------------------------------------------------------------------


def test_a_key_from_creation_to_deletion(root, api, user):
    keys = f"{root}/user/api-keys"
    made = send(
        api,
        "post",
        keys,
        {
            "key_name": "shop",
            "environment_tag": "test",
            "action": "create",
            "scope_permissions": {"read": ["*"], "write": ["*"], "admin": ["*"]},
            "max_requests": None,
            "expiration_days": None,
            "ip_allowlist": [],
            "domain_referrers": [],
        },
        201,
    )
    assert made["status"] == "success"
    assert (made["key_name"], made["environment_tag"]) == ("shop", "test")
    assert made["api_key"].startswith("gw_test_")
    assert made["data"]["scope_permissions"] == {}

    listed = read(api, keys)
    assert listed["total_keys"] == len(listed["keys"]) == 2
    for key in listed["keys"]:
        strings(key, "api_key", "key_name", "environment_tag", "created_at")
        numbers(key, "id", "requests_used")

    one = f"{keys}/{made['data']['id']}"
    changed = send(api, "put", one, {"key_name": "store"})
    assert changed["status"] == "success"
    assert changed["updated_key"]["key_name"] == "store"
    rotated = send(api, "put", one, {"action": "rotate"})
    assert rotated["api_key"] == rotated["updated_key"]["api_key"] != made["api_key"]
    for nothing in ({}, {"shoe_size": 42}, {"key_name": None}):
        strings(send(api, "put", one, nothing, 400), "detail")

    usage = read(api, f"{keys}/usage")
    assert (usage["user_id"], usage["total_keys"]) == (user.pk, 2)
    for key in usage["keys"]:
        strings(key, "key_name", "environment_tag", "created_at", "api_key")
        numbers(key, "key_id", "requests_used")
        assert {"max_requests", "last_used_at", "is_primary"} <= key.keys()

    deleted = send(api, "delete", one, {"confirmation": "DELETE_KEY"})
    assert (deleted["status"], deleted["deleted_key_id"]) == ("success", made["data"]["id"])

    logs = read(api, f"{keys}/audit-logs")
    assert logs["total_logs"] == len(logs["logs"]) > 0
    assert logs["status"] == "success"


def test_all_keys_are_rotated(root, api, key):
    rotated = send(api, "put", f"{root}/user/api-keys/{key.pk}", {"action": "bulk_rotate"})

    assert (rotated["status"], rotated["rotated_count"]) == ("success", 1)
    strings(rotated["new_keys"][0], "api_key")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"read": ["*"], "write": ["*"], "admin": ["*"]}, {}),
        ({"read": ["api_keys"]}, {"keys": ["read"]}),
        ({"chat": ["read"]}, {"chat": ["read"]}),
    ],
)
def test_scopes_by_level_become_scopes_by_resource(api, old, new):
    body = {"key_name": "scoped", "scope_permissions": old}

    assert send(api, "post", "/user/api-keys", body, 201)["data"]["scope_permissions"] == new


# --- Rate limits --------------------------------------------------------------------------------


def test_rate_limits(root, api, user, key):
    limits = f"{root}/user/rate-limits"
    (config,) = read(api, limits)["rate_limit_configs"]
    assert (config["user_id"], config["key_id"]) == (user.pk, key.pk)
    strings(config, "key_name", "api_key", "environment_tag")
    numbers(config["current_status"], *config["current_status"])
    numbers(config["usage_stats"]["minute"], "total_requests", "total_tokens")
    numbers(config["rate_limit_config"], *LIMITS)

    generous = dict.fromkeys(LIMITS, 1000)
    changed = send(api, "put", f"{limits}/{key.pk}", generous)
    assert (changed["status"], changed["key_id"]) == ("success", key.pk)
    assert changed["updated_config"] == generous
    every = send(api, "post", f"{limits}/bulk-update", generous)
    assert (every["updated_count"], every["updated_config"]) == (1, generous)
    usage = read(api, f"{limits}/usage/{key.pk}?time_window=hour")
    assert (usage["key_id"], usage["time_window"]) == (key.pk, "hour")
    strings(usage, "key_name")
    numbers(usage["usage_stats"], "total_requests", "total_tokens")
    assert usage["rate_limit_config"]["requests_per_hour"] == 1000
    strings(send(api, "put", f"{limits}/{key.pk}", {"requests_per_minute": 1}, 400), "detail")


# --- Notifications ------------------------------------------------------------------------------


def test_preferences_are_flat(root, api, user):
    preferences = f"{root}/user/notifications/preferences"
    read_first = read(api, preferences)
    assert read_first["user_id"] == user.pk
    numbers(read_first, "low_balance_threshold", "trial_expiry_reminder_days")
    numbers(read_first, "plan_expiry_reminder_days")
    assert read_first["email_notifications"] is True
    assert {"usage_alerts", "webhook_url"} <= read_first.keys()

    body = {"usage_alerts": False, "trial_expiry_reminder_days": 1}
    assert send(api, "put", preferences, body)["status"] == "success"
    assert read(api, preferences)["usage_alerts"] is False


def test_a_test_notification_uses_the_given_type(root, api):
    path = f"{root}/user/notifications/test?notification_type=low_balance"
    sent = send(api, "post", path, {})

    assert sent["status"] == "success"
    strings(sent, "message")
    assert sent["data"][0]["details"] == {"notification_type": "low_balance"}


def test_a_report_covers_the_given_month(root, api):
    path = f"{root}/user/notifications/send-usage-report"
    sent = send(api, "post", f"{path}?month=2026-02", {})

    assert sent["status"] == "success"
    details = sent["data"][0]["details"]
    assert (details["first"], details["last"]) == ("2026-02-01", "2026-02-28")
    strings(send(api, "post", f"{path}?month=2026-13", {}, 400), "detail")


# --- Activity and referrals ---------------------------------------------------------------------


@pytest.mark.parametrize("base", ["/v1/activity", "/user/activity"])
def test_activity(base, api):
    stats = read(api, f"{base}/stats?days=7")
    numbers(stats, "total_requests", "total_tokens", "total_spend", "total_cost")
    numbers(stats, "avg_cost_per_request", "avg_cost_per_token", "avg_tokens_per_request")
    assert isinstance(stats["by_date"], list)
    assert isinstance(stats["daily_stats"], list)
    assert isinstance(stats["by_model"], dict)

    log = read(api, f"{base}/log?limit=10")
    assert log["has_more"] is False
    assert log["logs"] == []
    assert (log["total"], log["page"], log["limit"]) == (0, 1, 10)


def test_referrals(root, api):
    code = read(api, f"{root}/referral/code")
    strings(code, "referral_code", "invite_link", "share_message")

    stats = read(api, f"{root}/referral/stats")
    strings(stats, "referral_code", "invite_link")
    assert stats["invite_link"] == code["invite_link"]
    numbers(stats, "total_uses", "completed_bonuses", "pending_bonuses", "remaining_uses")
    numbers(stats, "max_uses", "total_earned", "current_balance")
    assert stats["referrals"] == []
    strings(send(api, "post", f"{root}/referral/generate", {}), "referral_code")
    checked = send(api, "post", f"{root}/referral/validate", {"referral_code": "NONE"})
    assert checked["valid"] is False
    strings(checked, "message")


# --- Sharing and feedback -----------------------------------------------------------------------


def test_a_link_from_creation_to_revocation(api, client, user, chat):
    shared = send(
        api, "post", "/v1/chat/share", {"session_id": chat["id"], "expires_at": None}, 201
    )
    assert shared["session_id"] == chat["id"]
    assert shared["created_by_user_id"] == user.pk
    assert shared["is_active"] is True
    strings(shared, "share_token", "created_at", "share_url", "message")
    numbers(shared, "id", "view_count")
    assert {"expires_at", "last_viewed_at"} <= shared.keys()

    (link,) = read(api, "/v1/chat/share")["data"]
    assert link["created_by_user_id"] == user.pk
    strings(link, "share_token", "created_at")

    one = f"/v1/chat/share/{shared['share_token']}"
    page = client.get(one).json()
    assert page["session_id"] == chat["id"]
    strings(page, "title", "model", "created_at")
    assert [message["role"] for message in page["messages"]] == ["user", "assistant"]
    for message in page["messages"]:
        assert message["session_id"] == chat["id"]
        numbers(message, "id", "tokens")
        strings(message, "content", "model", "created_at")
        assert "reasoning" in message

    deleted = send(api, "delete", one, {})
    assert "deleted" in deleted["message"]
    assert deleted["share_token"] == shared["share_token"]
    strings(client.get(one).json(), "detail")


def test_an_invalid_time_is_named(api, chat):
    body = {"session_id": chat["id"], "expires_at": "tomorrow"}

    problem = send(api, "post", "/v1/chat/share", body, 400)

    assert "Invalid expires_at format" in problem["detail"]


def test_statistics_of_feedback(api, chat):
    body = {"session_id": chat["id"], "feedback_type": "thumbs_up", "model": "acme/one"}
    send(api, "post", "/v1/chat/feedback", body, 201)

    answer = read(api, "/v1/chat/feedback/stats?days=7")

    assert (answer["period_days"], answer["stats"]["period_days"]) == (7, 7)
    assert answer["stats"]["total_feedback"] == 1
    (figures,) = answer["stats"]["by_model"].values()
    assert figures["total"] == figures["total_feedback"] == 1


# --- Everywhere ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "api-keys",
        "api-keys/audit-logs",
        "api-keys/usage",
        "environment-usage",
        "limit",
        "monitor",
        "notifications",
        "notifications/preferences",
        "plan",
        "plan/entitlements",
        "plan/usage",
        "profile",
        "rate-limits",
    ],
)
def test_every_path_below_user_has_its_old_status(root, api, path):
    answer = read(api, f"{root}/user/{path}")

    assert answer["success"] is True
    assert answer["status"] == "success"


@pytest.mark.parametrize("path", ["/health", "/auth/health"])
def test_the_health(root, client, path):
    answer = client.get(f"{root}{path}").json()

    assert answer["status"] == "healthy"


@pytest.mark.parametrize(
    "path",
    [
        "/user/balance",
        "/user/monitor",
        "/user/limit",
        "/user/credit-transactions",
        "/trial/status",
    ],
)
def test_a_request_without_a_key_is_401(root, client, path):
    problem = read(client, f"{root}{path}", 401)

    strings(problem, "detail")


def test_a_password_is_reset_at_the_old_path(db, root, client):
    response = client.generic("POST", f"{root}/auth/password-reset?email=nobody@example.com")
    assert response.status_code in {200, 503}
    response = client.generic("POST", f"{root}/auth/reset-password?token=none&new_password=none")
    assert response.status_code == 400
    strings(response.json(), "detail")


def test_old_shapes_can_be_switched_off(api, settings):
    settings.OLD_SHAPES = False

    assert read(api, "/v1/user/profile").keys() == {"success", "data"}
    assert read(api, "/v1/user/api-keys").keys() == {"success", "data", "count"}
