"""GET and PUT /v1/user/notifications/preferences."""

import pytest

from accounts.keys import create_key
from accounts.models import NotificationPreferences
from tests.conftest import ApiClient
from tests.problems import assert_problem

PATH = "/v1/user/notifications/preferences"
DEFAULTS = {
    "email_notifications": True,
    "low_balance_threshold": 10.0,
    "plan_expiry_reminder_days": 7,
    "usage_alerts": True,
    "webhook_url": None,
}


def put(api, body, path=PATH):
    return api.put(path, body, content_type="application/json")


def test_are_the_defaults_before_anything_is_set(api):
    assert api.get(PATH).json()["data"] == DEFAULTS
    assert not NotificationPreferences.objects.exists()


def test_can_be_set_before_they_were_ever_read(api):
    response = put(api, {"usage_alerts": False, "low_balance_threshold": 2.5})

    assert response.status_code == 200
    assert response.json()["data"] == DEFAULTS | {
        "usage_alerts": False,
        "low_balance_threshold": 2.5,
    }
    assert api.get(PATH).json()["data"] == response.json()["data"]


def test_absent_fields_stay_unchanged(api):
    put(api, {"email_notifications": False, "webhook_url": "https://example.com/hook"})
    changed = put(api, {"plan_expiry_reminder_days": 3}).json()["data"]

    assert changed["email_notifications"] is False
    assert changed["webhook_url"] == "https://example.com/hook"
    assert changed["plan_expiry_reminder_days"] == 3


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_webhook_can_be_removed(api, nothing):
    put(api, {"webhook_url": "https://example.com/hook"})

    response = put(api, {"webhook_url": nothing}).json()

    assert (response["data"]["webhook_url"], response["webhook_secret"]) == (None, None)


def test_the_secret_of_the_webhook_is_shown_when_it_is_set_and_not_when_read(api, stranger_api):
    secret = put(api, {"webhook_url": "https://example.com/hook"}).json()["webhook_secret"]
    other = put(stranger_api, {"webhook_url": "https://example.com/hook"}).json()["webhook_secret"]

    assert secret.startswith("whsec_")
    assert secret != other
    assert secret not in api.get(PATH).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email_notifications", "perhaps"),
        ("low_balance_threshold", -1),
        ("low_balance_threshold", "NaN"),
        ("low_balance_threshold", 1.234),
        ("low_balance_threshold", 1e12),
        ("plan_expiry_reminder_days", -1),
        ("plan_expiry_reminder_days", 366),
        ("webhook_url", "http://example.com/hook"),
        ("webhook_url", "ftp://example.com"),
        ("webhook_url", "https://user:secret@example.com"),
        ("webhook_url", "https://127.0.0.1/"),
        ("webhook_url", "https://[::1]/"),
        ("webhook_url", "https://example.com:99999/"),
        ("webhook_url", "https://"),
        ("webhook_url", "https://example.com/a b"),
        ("webhook_url", "https://example.com/\r\nX: y"),
        ("webhook_url", "https://exämple.com/"),
        ("webhook_url", "https://example.com/" + "x" * 2_000),
    ],
)
def test_invalid_values_are_rejected(api, field, value):
    assert_problem(put(api, {field: value}), 400, "validation_error")
    assert not NotificationPreferences.objects.exists()


def test_belong_to_one_user(api, stranger_api):
    put(api, {"usage_alerts": False})

    assert stranger_api.get(PATH).json()["data"] == DEFAULTS


def test_are_available_at_the_old_path(api):
    old = PATH.removeprefix("/v1")
    put(api, {"usage_alerts": False}, path=old)

    assert api.get(old).json() == api.get(PATH).json()


def test_reading_them_takes_one_statement(api, django_assert_num_queries):
    api.get(PATH)

    with django_assert_num_queries(1):
        api.get(PATH)


def test_need_a_key_with_the_scope(user, client):
    _, secret = create_key(user, key_name="reads", scope_permissions={"notifications": ["read"]})
    reader = ApiClient(secret)

    assert reader.get(PATH).status_code == 200
    assert_problem(put(reader, {}), 403, "insufficient_scope")
    assert_problem(client.get(PATH), 401, "not_authenticated")
