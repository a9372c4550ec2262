"""Paths of the old service for staff, which are below /admin like Django's admin."""

from typing import Any

import pytest

from accounts.keys import create_key
from accounts.models import ApiKey, AuditEntry, Plan, RateLimitConfig, User
from tests.conftest import ApiClient

READ = [
    "/admin/rate-limits/system",
    "/admin/rate-limits/alerts",
    "/admin/rate-limits/config",
    "/admin/rate-limits/users",
    "/admin/notifications/stats",
    "/admin/roles/audit/log",
    "/admin/roles/list/admin",
    "/admin/roles/permissions/user",
]
CHANGE = [
    ("post", "/admin/assign-plan"),
    ("post", "/admin/rate-limits/config"),
    ("post", "/admin/rate-limits/config/reset"),
    ("put", "/admin/rate-limits/update"),
    ("delete", "/admin/rate-limits/delete"),
    ("post", "/admin/notifications/process"),
    ("post", "/admin/roles/update"),
    ("get", "/admin/roles/1"),
    ("get", "/admin/roles/unknown/path"),
    ("get", "/admin/rate-limits/unknown"),
    ("post", "/admin/notifications/unknown"),
]
ALL = [*[("get", path) for path in READ], *CHANGE]


@pytest.fixture(params=["/v1", ""], ids=["v1", "old"])
def root(request: pytest.FixtureRequest) -> str:
    return request.param


def send(api: ApiClient, method: str, path: str, body: Any, status: int = 200) -> Any:
    response = getattr(api, method)(path, body, content_type="application/json")
    assert response.status_code == status, response.content
    return response.json()


@pytest.mark.parametrize(("method", "path"), ALL)
def test_callers_who_are_not_staff_get_a_problem_and_never_a_redirect(
    root, api, client, method, path
):
    without_key = getattr(client, method)(f"{root}{path}")
    assert without_key.status_code == 401
    assert without_key["Content-Type"] == "application/problem+json"

    without_right = getattr(api, method)(f"{root}{path}")
    assert without_right.status_code == 403
    assert isinstance(without_right.json()["detail"], str)


@pytest.mark.parametrize("path", READ)
def test_staff_can_read(root, staff_api, path):
    answer = staff_api.get(f"{root}{path}")

    assert answer.status_code == 200
    assert answer.json()["status"] == "success"


def test_an_unknown_path_is_404_for_staff(root, staff_api):
    response = staff_api.get(f"{root}/admin/rate-limits/unknown")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_staff_can_assign_a_plan(root, staff_api, user):
    plan = Plan.objects.exclude(pk=user.plan_id)[0]
    body = {"user_id": user.pk, "plan_id": plan.pk, "duration_months": 1}

    answer = send(staff_api, "post", f"{root}/admin/assign-plan", body)

    assert (answer["user_id"], answer["plan_id"]) == (user.pk, plan.pk)
    user.refresh_from_db()
    assert user.plan_id == plan.pk
    assert AuditEntry.objects.filter(user_id=user.pk, action="user_changed").exists()
    send(staff_api, "post", f"{root}/admin/assign-plan", {**body, "plan_id": 999_999}, 400)


def test_staff_can_set_and_delete_the_limits_of_a_key(root, staff_api, key, api_key):
    limits = {
        f"{what}_per_{window}": 7
        for what in ("requests", "tokens")
        for window in ("minute", "hour", "day")
    }
    base = f"{root}/admin/rate-limits"

    answer = send(staff_api, "post", f"{base}/config", {"api_key": api_key, "config": limits})
    assert answer["config"] == limits
    assert RateLimitConfig.objects.get(api_key=key).requests_per_hour == 7
    shown = staff_api.get(f"{base}/config?api_key={api_key}").json()
    assert shown["config"]["requests_per_hour"] == 7
    assert api_key not in str(shown)
    send(staff_api, "put", f"{base}/update", {"api_key": api_key, "config": limits})
    send(staff_api, "post", f"{base}/config/reset?api_key={api_key}", {})
    assert RateLimitConfig.objects.get(api_key=key).requests_per_minute == 60
    (row,) = staff_api.get(f"{base}/users?user_id={key.user_id}").json()["users"]
    assert (row["key_id"], row["has_custom_config"]) == (key.pk, True)
    send(staff_api, "delete", f"{base}/delete?api_key={api_key}", {})
    assert not RateLimitConfig.objects.filter(api_key=key).exists()


def test_a_superuser_can_grant_and_revoke_staff_rights(root, staff_api, user):
    body = {"user_id": user.pk, "new_role": "admin"}

    send(staff_api, "post", f"{root}/admin/roles/update", body)
    assert staff_api.get(f"{root}/admin/roles/{user.pk}").json()["role"] == "admin"
    send(staff_api, "post", f"{root}/admin/roles/update", {**body, "new_role": "user"})
    assert staff_api.get(f"{root}/admin/roles/{user.pk}").json()["role"] == "user"
    log = staff_api.get(f"{root}/admin/roles/audit/log?user_id={user.pk}").json()
    assert [(entry["old_role"], entry["new_role"]) for entry in log["logs"]] == [
        ("admin", "user"),
        ("user", "admin"),
    ]


def test_staff_cannot_grant_staff_rights_or_change_staff(db, staff_api):
    helper = User.objects.create_user("helper@example.com", is_staff=True)
    _, secret = create_key(helper, key_name="helper")
    api = ApiClient(secret)
    boss = ApiKey.objects.get(key_name="staff").user

    send(api, "post", "/admin/roles/update", {"user_id": helper.pk, "new_role": "admin"}, 403)
    send(api, "post", "/admin/assign-plan", {"user_id": boss.pk, "plan_id": 1}, 403)


def test_the_admin_of_django_still_works(client):
    response = client.get("/admin/accounts/user/")

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")
