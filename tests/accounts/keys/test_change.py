"""PUT /v1/user/api-keys/{id}."""

import pytest

from accounts.keys import create_key
from accounts.models import ApiKey
from tests.accounts.keys.conftest import PATH
from tests.conftest import ApiClient
from tests.problems import assert_problem


@pytest.fixture
def other(user):
    """A key of `user` that is not the one of `api`, and its client."""
    key, secret = create_key(
        user,
        key_name="other",
        scope_permissions={"chat": ["read"], "keys": ["read"]},
        ip_allowlist=["127.0.0.0/8"],
        max_requests=10,
    )
    return key, ApiClient(secret)


def put(api, key, path=PATH, **body):
    return api.put(f"{path}/{key.pk}", body, content_type="application/json")


@pytest.mark.parametrize("path", [PATH, "/user/api-keys"])
def test_changes_the_given_fields_of_the_key_in_the_path(api, key, other, path):
    response = put(
        api,
        other[0],
        path,
        key_name="renamed",
        max_requests=20,
        scope_permissions={"activity": ["read"]},
        domain_referrers=["example.com"],
        expiration_days=3,
    )

    assert response.status_code == 200
    shown = api.get(f"{PATH}/{other[0].pk}").json()["data"]
    assert response.json()["data"] == shown
    assert shown["key_name"] == "renamed"
    assert (shown["max_requests"], shown["days_remaining"]) == (20, 3)
    assert shown["scope_permissions"] == {"activity": ["read"]}
    assert (shown["ip_allowlist"], shown["domain_referrers"]) == (["127.0.0.0/8"], ["example.com"])
    # The caller's own stays as it is.
    assert ApiKey.objects.get(pk=key.pk).key_name == "first"


def test_null_changes_nothing_and_zero_removes_a_limit(api, other):
    key = other[0]
    put(api, key, expiration_days=3)

    put(api, key, key_name=None, max_requests=None, expiration_days=None, ip_allowlist=None)

    shown = api.get(f"{PATH}/{key.pk}").json()["data"]
    assert (shown["key_name"], shown["max_requests"], shown["days_remaining"]) == ("other", 10, 3)
    assert shown["ip_allowlist"] == ["127.0.0.0/8"]

    put(api, key, max_requests=0, expiration_days=0, ip_allowlist=[], scope_permissions={})

    shown = api.get(f"{PATH}/{key.pk}").json()["data"]
    assert (shown["max_requests"], shown["expiration_date"]) == (None, None)
    assert (shown["ip_allowlist"], shown["scope_permissions"]) == ([], {})


def test_a_deactivated_key_is_rejected_immediately_and_can_be_activated(api, other, committed):
    key, client = other
    assert client.get(PATH).status_code == 200

    with committed():
        put(api, key, is_active=False)
    assert_problem(client.get(PATH), 401, "inactive_key")

    with committed():
        put(api, key, is_active=True)
    assert client.get(PATH).status_code == 200


def test_a_name_that_is_taken_is_a_conflict(api, key, other):
    assert_problem(put(api, other[0], key_name=key.key_name), 409, "key_name_taken")
    assert put(api, other[0], key_name="other").status_code == 200


def test_a_key_stays_in_its_environment(api, other):
    assert put(api, other[0], environment_tag="live").status_code == 200

    body = assert_problem(put(api, other[0], environment_tag="test"), 400, "validation_error")
    assert list(body["errors"]) == ["environment_tag"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_name": ""},
        {"is_active": "maybe"},
        {"scope_permissions": {"x": ["read"]}},
        {"action": "explode"},
        {"grace_seconds": -1},
    ],
    ids=str,
)
def test_rejects_invalid_fields(api, key, wrong):
    body = assert_problem(put(api, key, **wrong), 400, "validation_error")

    assert body["errors"].keys() == wrong.keys()


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"scope_permissions": {"chat": ["admin"], "keys": ["read"]}}]
)
class TestLastKey:
    def test_the_last_key_that_can_manage_keys_is_kept(self, api, key, other, change):
        assert_problem(put(api, key, **change), 409, "last_managing_key")
        assert put(api, key, key_name="still works").status_code == 200

    def test_the_last_key_that_can_manage_keys_can_be_changed_with_confirmation(
        self, api, key, change, committed
    ):
        with committed():
            assert put(api, key, **change, confirm_last_key=True).status_code == 200

        assert api.get(PATH).status_code == (401 if "is_active" in change else 200)

    def test_another_key_that_can_manage_keys_can_take_its_place(self, api, user, key, change):
        create_key(user, key_name="second", scope_permissions={"keys": ["admin"]})

        assert put(api, key, **change).status_code == 200


def test_a_change_is_audited_with_the_values_before(api, other):
    put(api, other[0], max_requests=20)

    (entry,) = api.get(f"{PATH}/audit-logs", {"action": "key_updated"}).json()["logs"]
    assert entry["details"] == {"before": {"max_requests": 10}, "after": {"max_requests": 20}}


def test_takes_a_fixed_number_of_statements(api, other, django_assert_num_queries):
    api.get(PATH)

    # The key; SAVEPOINT; the user's lock; whether a key manages keys; the key, locked; SAVEPOINT;
    # UPDATE; RELEASE; two of the audit log; whether a key manages keys still; RELEASE.
    with django_assert_num_queries(12):
        put(api, other[0], key_name="renamed")


def test_another_key_can_become_the_primary_one(api, user, key):
    other, _ = create_key(user, key_name="other")

    changed = put(api, other, is_primary=True)

    assert changed.json()["data"]["is_primary"] is True
    key.refresh_from_db()
    assert key.is_primary is False
    assert put(api, other, is_primary=True).status_code == 200, "as it is"
    assert put(api, key, is_primary=False).status_code == 200, "as it is"
    assert_problem(put(api, other, is_primary=False), 400, "validation_error")


def test_a_key_does_not_take_the_primary_from_one_that_may_do_more(client_with, user, key):
    client = client_with(scope_permissions={"keys": ["write"]})
    own = ApiKey.objects.get(user=user, key_name__startswith="client")

    assert_problem(put(client, own, is_primary=True), 403, "exceeds_own_key")
    key.refresh_from_db()
    assert key.is_primary is True
