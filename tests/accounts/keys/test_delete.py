"""DELETE /v1/user/api-keys/{id}."""

import pytest

from accounts.keys import create_key
from accounts.models import ApiKey, ApiKeyDay, User
from tests.accounts.keys.conftest import PATH
from tests.conftest import ApiClient
from tests.problems import assert_problem


def delete(api, key, path=PATH, **body):
    given = {"confirmation": "DELETE_KEY", **body}
    return api.delete(f"{path}/{key.pk}", given, content_type="application/json")


@pytest.fixture
def other(user, key):
    """A key of `user` that is not the one of `api`, and its client."""
    made, secret = create_key(user, key_name="other")
    return made, ApiClient(secret)


@pytest.mark.parametrize("path", [PATH, "/user/api-keys"])
@pytest.mark.parametrize("confirmation", ["DELETE_KEY", "DELETE"])
def test_deletes_the_key_and_ends_it_immediately(api, other, committed, path, confirmation):
    key, client = other
    assert client.get(PATH).status_code == 200

    with committed():
        response = delete(api, key, path, confirmation=confirmation)

    assert response.json()["message"] == "API key deleted successfully"
    assert_problem(client.get(PATH), 401, "unknown_key")
    assert_problem(api.get(f"{PATH}/{key.pk}"), 404, "not_found")


@pytest.mark.parametrize("confirmation", [None, "", "yes", "delete_key"])
def test_needs_confirmation(api, other, confirmation):
    body = assert_problem(
        delete(api, other[0], confirmation=confirmation), 400, "validation_error"
    )

    assert list(body["errors"]) == ["confirmation"]
    assert api.delete(f"{PATH}/{other[0].pk}").status_code in {400, 415}
    assert ApiKey.objects.filter(pk=other[0].pk).exists()


def test_deleting_the_primary_key_promotes_the_oldest_active_one(api, user, key):
    off, _ = create_key(user, key_name="off")
    ApiKey.objects.filter(pk=off.pk).update(is_active=False)
    heir, _ = create_key(user, key_name="heir")
    create_key(user, key_name="younger")

    assert delete(api, key).status_code == 200

    assert ApiKey.objects.get(is_primary=True) == heir


def test_a_deleted_primary_key_does_not_survive_in_the_users_table(
    api, user, key, api_key, other, settings, committed
):
    settings.ACCEPT_LEGACY_KEYS = True
    User.objects.filter(pk=user.pk).update(legacy_key_digest=key.key_digest)
    assert api.get(PATH).status_code == 200

    with committed():
        assert delete(api, key).status_code == 200

    assert_problem(api.get(PATH), 401, "unknown_key")


def test_the_last_key_that_can_manage_keys_is_kept_unless_that_is_confirmed(api, user, key):
    create_key(user, key_name="reader", scope_permissions={"keys": ["read"]})

    assert_problem(delete(api, key), 409, "last_managing_key")
    assert ApiKey.objects.filter(pk=key.pk).exists()

    assert delete(api, key, confirm_last_key=True).status_code == 200


def test_is_audited(api, other):
    delete(api, other[0])

    (entry,) = api.get(f"{PATH}/audit-logs", {"action": "key_deleted"}).json()["logs"]
    assert entry["api_key_id"] == other[0].pk
    assert entry["details"]["before"]["key_name"] == "other"


def test_takes_a_fixed_number_of_statements(api, other, django_assert_num_queries):
    ApiKeyDay.objects.create(api_key=other[0], day="2026-03-01", requests=1, tokens=1, spend=0)
    api.get(PATH)

    # The key; SAVEPOINT; the user's lock; whether a key manages keys; the key, locked; two of the
    # audit log; SAVEPOINT; the key, locked for its deletion; its digests; the users table, within
    # a SAVEPOINT; its networks; its limits; its days; DELETE; RELEASE; whether a key manages keys
    # still; RELEASE.
    with django_assert_num_queries(20):
        delete(api, other[0])
