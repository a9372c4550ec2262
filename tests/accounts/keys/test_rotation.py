"""Rotating one key or all keys, with and without a grace period."""

import time
from datetime import timedelta

import pytest
from django.utils.dateparse import parse_datetime

from accounts.access.key_lookup import current_digest
from accounts.keys import MAX_GRACE_SECONDS, create_key, deactivate_key, rotate_key
from accounts.models import ApiKey, User
from tests.accounts.keys.conftest import PATH
from tests.conftest import ApiClient
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)


def rotate(api, key, **body):
    return api.post_json(f"{PATH}/{key.pk}/rotate", body)


def put(api, key, **body):
    return api.put(f"{PATH}/{key.pk}", body, content_type="application/json")


@pytest.fixture
def clock(monkeypatch):
    """Set the time at which keys are checked, in seconds from now."""

    def go(seconds):
        now = time.time() + seconds
        monkeypatch.setattr("accounts.principals.principal.time.time", lambda: now)

    return go


@pytest.mark.parametrize("ask", [rotate, lambda api, key: put(api, key, action="rotate")])
def test_a_rotated_key_has_a_new_secret_and_the_old_one_is_unknown(api, key, ask):
    assert api.get(PATH).status_code == 200

    response = ask(api, key)

    body = response.json()
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert body["api_key"] == body["data"]["api_key"]
    assert body["data"]["id"] == key.pk
    assert_problem(api.get(PATH), 401, "unknown_key")
    new = ApiClient(body["api_key"])
    assert new.get(f"{PATH}/{key.pk}").json()["data"]["previous_key_expires_at"] is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda api, key: rotate(api, key, grace_seconds=3600),
        lambda api, key: put(api, key, action="rotate", grace_seconds=3600),
    ],
)
def test_the_old_secret_works_only_during_its_grace(api, key, ask, clock):
    body = ask(api, key).json()
    new = ApiClient(body["api_key"])

    ends_at = parse_datetime(body["data"]["previous_key_expires_at"])
    rotated_at = parse_datetime(body["data"]["updated_at"])
    assert ends_at - rotated_at == timedelta(hours=1)
    assert [client.get(PATH).status_code for client in (api, new)] == [200, 200]

    # Both are cached now; the end of the grace period takes effect without any event.
    clock(3_590)
    assert [client.get(PATH).status_code for client in (api, new)] == [200, 200]
    clock(3_601)
    assert_problem(api.get(PATH), 401, "expired_key")
    assert new.get(PATH).status_code == 200


def test_a_grace_does_not_outlive_the_key(user, clock):
    key, old = create_key(user, key_name="short")
    ApiKey.objects.filter(pk=key.pk).update(expiration_date=key.created_at + timedelta(seconds=60))
    rotate_key(key, grace_seconds=3600)
    assert ApiClient(old).get(PATH).status_code == 200

    clock(61)

    assert_problem(ApiClient(old).get(PATH), 401, "expired_key")


def test_rotating_again_ends_the_secret_that_was_in_its_grace(user, key, api_key):
    second = rotate_key(key, grace_seconds=3600)
    assert ApiClient(api_key).get(PATH).status_code == 200

    third = rotate_key(key, grace_seconds=3600)

    assert_problem(ApiClient(api_key).get(PATH), 401, "unknown_key")
    assert [ApiClient(each).get(PATH).status_code for each in (second, third)] == [200, 200]

    fourth = rotate_key(key)

    assert_problem(ApiClient(third).get(PATH), 401, "unknown_key")
    assert ApiClient(fourth).get(PATH).status_code == 200


@pytest.mark.parametrize(
    "end",
    [
        deactivate_key,
        lambda key: key.delete(),
        lambda key: ApiKey.objects.all().delete(),
        lambda key: User.objects.update(is_active=False),
        lambda key: ApiKey.objects.filter(pk=key.pk).update(previous_digest=None),
    ],
)
def test_ending_the_key_ends_the_old_secret_during_its_grace(api, key, end):
    rotate_key(key, grace_seconds=3600)
    assert api.get(PATH).status_code == 200

    end(key)

    assert api.get(PATH).status_code == 401


def test_the_old_secret_can_no_longer_manage_keys(api, key):
    """A thief cannot use a leaked key's grace period to manage keys."""
    rotate_key(key, grace_seconds=3600)

    assert_problem(rotate(api, key), 403, "exceeds_own_key")
    assert api.get(PATH).status_code == 200


def test_the_old_secret_of_an_adopted_key_ends_with_its_grace(user, key, settings, clock):
    settings.ACCEPT_LEGACY_KEYS = True
    legacy = "gw_live_" + "a-B_9" * 8
    ApiKey.objects.filter(pk=key.pk).update(key_digest=current_digest(legacy))
    User.objects.filter(pk=user.pk).update(legacy_key_digest=current_digest(legacy))

    rotate_key(key, grace_seconds=60)

    assert ApiClient(legacy).get(PATH).status_code == 200
    clock(61)
    assert_problem(ApiClient(legacy).get(PATH), 401, "expired_key")
    rotate_key(key)
    assert_problem(ApiClient(legacy).get(PATH), 401, "unknown_key")


def test_a_secret_of_an_older_pepper_has_a_grace_too(api, key, settings):
    settings.KEY_PEPPERS = [b"newer pepper", *settings.KEY_PEPPERS]

    new = rotate_key(key, grace_seconds=3600)

    assert [client.get(PATH).status_code for client in (api, ApiClient(new))] == [200, 200]


@pytest.mark.parametrize("grace", [-1, MAX_GRACE_SECONDS + 1, "long"])
def test_rejects_an_invalid_grace(api, key, grace):
    assert_problem(rotate(api, key, grace_seconds=grace), 400, "validation_error")


class TestBulk:
    @pytest.fixture
    def others(self, user):
        return {
            name: create_key(user, key_name=name, environment_tag=environment)
            for name, environment in {"a": "test", "b": "test", "c": "live"}.items()
        }

    def test_rotates_every_active_key(self, api, key, others, stranger_api):
        off, _ = others["c"]
        deactivate_key(off)

        response = put(api, key, action="bulk_rotate", grace_seconds=60)

        body = response.json()
        assert response["Cache-Control"] == "no-store"
        assert body["rotated_count"] == 3
        assert body["data"] == {"rotated_count": 3, "new_keys": body["new_keys"]}
        assert {new["key_name"] for new in body["new_keys"]} == {"first", "a", "b"}
        for new in body["new_keys"]:
            assert ApiClient(new["api_key"]).get(PATH).status_code == 200
        for _, old in (others["a"], others["b"]):
            assert ApiClient(old).get(PATH).status_code == 200
        assert stranger_api.get(PATH).status_code == 200

    def test_rotates_the_active_keys_of_one_environment(self, api, key, others):
        body = put(api, key, action="bulk_rotate", environment_tag="test").json()

        assert {new["key_name"] for new in body["new_keys"]} == {"a", "b"}
        assert_problem(ApiClient(others["a"][1]).get(PATH), 401, "unknown_key")
        assert api.get(PATH).status_code == ApiClient(others["c"][1]).get(PATH).status_code == 200

    def test_rejects_an_unknown_key(self, api, others):
        response = api.put(
            f"{PATH}/999999999", {"action": "bulk_rotate"}, content_type="application/json"
        )

        assert_problem(response, 404, "not_found")

    def test_changes_nothing_else(self, api, key, others):
        put(api, key, action="bulk_rotate", key_name="x", is_active=False)

        assert set(ApiKey.objects.values_list("key_name", flat=True)) == {"first", "a", "b", "c"}
        assert ApiKey.objects.active().count() == 4


def test_a_rotation_is_audited_without_secrets(api, key, api_key):
    new = rotate(api, key).json()["api_key"]

    response = ApiClient(new).get(f"{PATH}/audit-logs", {"action": "key_rotated"})

    (entry,) = response.json()["logs"]
    assert entry["details"]["before"]["masked"] == f"{api_key[:10]}…{api_key[-4:]}"
    assert entry["details"]["after"]["masked"] == f"{new[:10]}…{new[-4:]}"
    assert new not in response.content.decode()


def test_takes_a_fixed_number_of_statements(api, key, user, django_assert_num_queries):
    for n in range(5):
        create_key(user, key_name=f"k{n}")
    api.get(PATH)

    # The key; BEGIN; the key, locked; and within a SAVEPOINT again for its update, its digests,
    # UPDATE; the users table, within a SAVEPOINT; two of the audit log; COMMIT; the key as it is.
    with django_assert_num_queries(15):
        new = ApiClient(rotate(api, key, grace_seconds=60).json()["api_key"])
    new.get(PATH)
    # The same, but two of the audit log for each of six keys, which are not read again.
    with django_assert_num_queries(14 + 5 * 2):
        put(new, key, action="bulk_rotate")
