"""GET, PUT and PATCH /v1/user/profile."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ActivityEvent, AuditEntry, User
from tests.problems import assert_problem

PATH = "/v1/user/profile"

pytestmark = pytest.mark.django_db


def put(api, body):
    return api.put(PATH, body, content_type="application/json")


@pytest.mark.parametrize("path", [PATH, "/user/profile"])
def test_shows_the_users_own_profile(api, user, path):
    response = api.get(path)

    assert response.status_code == 200
    shown = response.json()["data"]
    assert shown.pop("created_at")
    assert shown.pop("updated_at")
    assert shown.pop("email_verified_at")
    assert shown == {
        "id": user.pk,
        "user_id": user.pk,
        "username": "ada@example.com",
        "name": "",
        "email": "ada@example.com",
        "privy_user_id": None,
        "settings": {},
        "preferences": {},
        "chat_retention_days": None,
        "delete_chats_after_days": None,
        "is_active": True,
    }


def test_takes_two_statements(api):
    api.get(PATH)

    with CaptureQueriesContext(connection) as captured:
        api.get(PATH)

    # The user; for old clients, the plan and balance. Authentication takes none.
    assert len(captured) == 2


def test_changes_only_the_given_fields(api, user):
    response = put(api, {"username": "ada", "chat_retention_days": 7, "is_staff": True, "id": 1})

    assert response.status_code == 200
    shown = response.json()["data"]
    assert (shown["username"], shown["chat_retention_days"]) == ("ada", 7)
    assert shown["email"] == "ada@example.com"
    user.refresh_from_db()
    assert user.is_staff is False
    assert put(api, {"chat_retention_days": None}).json()["data"]["chat_retention_days"] is None
    patched = api.patch(PATH, {"username": "eda"}, content_type="application/json")
    assert patched.json()["data"]["username"] == "eda"


def test_the_days_after_which_chats_are_deleted_can_be_set_and_removed(api):
    def set_to(days):
        return put(api, {"delete_chats_after_days": days}).json()["data"][
            "delete_chats_after_days"
        ]

    assert (set_to(90), set_to(None)) == (90, None)


def test_is_audited_and_recorded_as_activity(api, user, settings, committed):
    settings.DEFER_ACTIVITY = False

    with committed():
        put(api, {"username": "ada", "email": "ada@example.com"})

    entry = AuditEntry.objects.with_personal_data().get(action="profile_changed")
    assert (entry.target, entry.actor_user_id) == (f"user:{user.pk}", user.pk)
    assert '"username": "ada"' in entry.personal_data
    event = ActivityEvent.objects.get(finish_reason="profile_changed")
    assert event.metadata == {"changed": ["username"]}


def test_a_change_of_nothing_is_not_audited(api):
    put(api, {"username": "ada@example.com"})

    assert not AuditEntry.objects.filter(action="profile_changed").exists()


def test_rejects_a_name_of_another_user(api, stranger_api, user):
    User.objects.filter(email="eve@example.com").update(username="eve")

    assert_problem(put(api, {"username": "eve"}), 409, "username_taken")
    user.refresh_from_db()
    assert user.username == "ada@example.com"


@pytest.mark.parametrize(
    "body",
    [
        {"email": "none"},
        {"email": None},
        {"username": ""},
        {"username": "a\u202eb"},
        {"username": "somebody-else@example.com"},
        {"username": "x" * 255},
        {"chat_retention_days": -1},
        {"chat_retention_days": 10**9},
        {"delete_chats_after_days": 0},
        {"delete_chats_after_days": 36_501},
        [],
    ],
)
def test_rejects_invalid_fields(api, body):
    assert_problem(put(api, body), 400, "validation_error")


@pytest.mark.django_db(transaction=True)  # the key cache hears of commits
def test_needs_a_key_with_the_scope(key, api):
    assert_problem(Client().get(PATH), 401, "not_authenticated")
    key.scope_permissions = {"profile": ["read"]}
    key.save()
    assert api.get(PATH).status_code == 200
    assert_problem(put(api, {}), 403, "insufficient_scope")

    key.scope_permissions = {"profile": ["read", "write"]}
    key.save()
    assert put(api, {"chat_retention_days": 1}).status_code == 200
    erase = api.delete(PATH, {"confirmation": "DELETE_ACCOUNT"}, content_type="application/json")
    assert_problem(erase, 403, "insufficient_scope")
    assert_problem(api.get("/v1/user/export"), 403, "insufficient_scope")

    key.scope_permissions = {"chat": ["admin"]}
    key.save()
    assert_problem(api.get(PATH), 403, "insufficient_scope")


@pytest.mark.parametrize("number", ["1.10", "5.1e+16", "-724286643336681357312"])
def test_settings_hold_numbers_however_they_are_spelled(api, number):
    response = api.put(PATH, f'{{"settings": {{"n": {number}}}}}', content_type="application/json")

    assert response.status_code == 200
    assert api.get(PATH).json()["data"]["settings"] == {"n": json.loads(number)}


@pytest.mark.parametrize("value", ["1e400", '"\\u0000"'])
def test_settings_that_the_database_cannot_hold_are_rejected(api, value):
    response = api.put(PATH, f'{{"settings": {{"n": {value}}}}}', content_type="application/json")

    assert_problem(response, 400, "validation_error")
