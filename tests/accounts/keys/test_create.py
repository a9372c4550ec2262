"""POST /v1/user/api-keys."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.keys import create_key, lifecycle
from accounts.models import ApiKey
from chat.models import IdempotencyKey
from tests.accounts.keys.conftest import PATH
from tests.conftest import ApiClient
from tests.problems import assert_problem


def create(api, **body):
    return api.post_json(PATH, {"key_name": "mine", **body})


@pytest.mark.parametrize("path", [PATH, "/user/api-keys"])
def test_creates_a_working_key(api, path):
    response = api.post_json(path, {"key_name": "mine"})

    assert response.status_code == 201
    body = response.json()
    assert body["success"] is True
    assert body["api_key"] == body["data"]["api_key"]
    assert body["api_key"].startswith("gw_live_")
    assert ApiClient(body["api_key"]).get(PATH).status_code == 200


def test_responds_with_all_fields_of_the_key(api):
    data = create(
        api,
        environment_tag="test",
        scope_permissions={"chat": ["read"]},
        expiration_days=30,
        max_requests=1000,
        ip_allowlist=["203.0.113.0/24", "2001:db8::1"],
        domain_referrers=["https://Shop.example.com/cart", "*.example.org"],
    ).json()["data"]

    assert data.pop("api_key").startswith("gw_test_")
    assert isinstance(data.pop("id"), int)
    assert data.pop("created_at")
    assert data.pop("updated_at")
    in_30_days = timezone.now() + timedelta(days=30)
    assert abs(parse_datetime(data.pop("expiration_date")) - in_30_days) < timedelta(minutes=1)
    assert data == {
        "key_name": "mine",
        "environment_tag": "test",
        "scope_permissions": {"chat": ["read"]},
        "is_active": True,
        "is_primary": False,
        "days_remaining": 30,
        "max_requests": 1000,
        "requests_used": 0,
        "requests_remaining": 1000,
        "usage_percentage": 0.0,
        "ip_allowlist": ["203.0.113.0/24", "2001:db8::1"],
        "domain_referrers": ["shop.example.com", "*.example.org"],
        "previous_key_expires_at": None,
        "last_used_at": None,
    }


@pytest.mark.parametrize("nothing", [None, 0])
def test_null_and_zero_mean_no_limit(api, nothing):
    data = create(api, expiration_days=nothing, max_requests=nothing).json()["data"]

    names = ("expiration_date", "days_remaining", "max_requests", "requests_remaining")
    assert [data[name] for name in names] == [None] * 4


@pytest.mark.parametrize(
    ("environment_tag", "prefix"),
    [
        ("live", "gw_live_"),
        ("test", "gw_test_"),
        ("staging", "gw_staging_"),
        ("development", "gw_dev_"),
    ],
)
def test_the_key_begins_with_its_environment(api, environment_tag, prefix):
    body = create(api, environment_tag=environment_tag).json()

    assert body["api_key"].startswith(prefix)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"key_name": ""}, "key_name"),
        ({"key_name": "x" * 256}, "key_name"),
        ({"key_name": None}, "key_name"),
        ({"environment_tag": "production"}, "environment_tag"),
        ({"scope_permissions": {"chats": ["read"]}}, "scope_permissions"),
        ({"scope_permissions": {"chat": ["all"]}}, "scope_permissions"),
        ({"scope_permissions": {"chat": []}}, "scope_permissions"),
        ({"scope_permissions": ["chat"]}, "scope_permissions"),
        ({"expiration_days": -1}, "expiration_days"),
        ({"expiration_days": 36_501}, "expiration_days"),
        ({"max_requests": -1}, "max_requests"),
        ({"ip_allowlist": ["10.0.0.1/8"]}, "ip_allowlist"),
        ({"ip_allowlist": "10.0.0.1"}, "ip_allowlist"),
        ({"domain_referrers": ["*"]}, "domain_referrers"),
        ({"domain_referrers": ["http://["]}, "domain_referrers"),
    ],
    ids=str,
)
def test_rejects_invalid_fields(api, wrong, field):
    body = assert_problem(create(api, **wrong), 400, "validation_error")

    assert list(body["errors"]) == [field]
    assert ApiKey.objects.count() == 1


def test_the_name_is_required(api):
    assert_problem(api.post_json(PATH, {}), 400, "validation_error")


def test_a_name_that_is_taken_is_a_conflict(api, stranger_api):
    assert create(api).status_code == 201

    assert_problem(create(api), 409, "key_name_taken")
    assert create(stranger_api).status_code == 201


def test_the_number_of_keys_is_bounded(api, monkeypatch):
    monkeypatch.setattr(lifecycle, "MAX_KEYS", 2)
    assert create(api).status_code == 201

    assert_problem(create(api, key_name="one more"), 409, "too_many_keys")


def test_the_secret_is_shown_once_and_not_stored(api):
    """Not even for a replay: the Idempotency-Key of such a request is ignored."""
    response = api.post_json(PATH, {"key_name": "mine"}, headers={"Idempotency-Key": "k1"})
    again = api.post_json(PATH, {"key_name": "mine"}, headers={"Idempotency-Key": "k1"})

    secret = response.json()["api_key"]
    assert response["Cache-Control"] == "no-store"
    assert_problem(again, 409, "key_name_taken")
    assert not IdempotencyKey.objects.exists()
    key_id = response.json()["data"]["id"]
    for path in (PATH, f"{PATH}/{key_id}", f"{PATH}/usage"):
        assert secret not in api.get(path).content.decode()


@pytest.mark.django_db(transaction=True)
def test_no_table_holds_the_secret(api):
    secret = create(api).json()["api_key"]

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT count(*) FROM {quoted} AS row WHERE row::text LIKE %s",  # noqa: S608
                [f"%{secret}%"],
            )
            assert cursor.fetchone() == (0,), table


def test_takes_a_fixed_number_of_statements(api, django_assert_num_queries):
    api.get(PATH)

    # SAVEPOINT; the user's lock; its other keys; SAVEPOINT; SAVEPOINT; INSERT; the digest to be
    # forgotten; RELEASE; RELEASE; two of the audit log; the notification; RELEASE.
    with django_assert_num_queries(13):
        create(api)


def test_a_user_id_in_the_body_is_ignored(api, user, stranger_api):
    """Unknown fields are ignored, also those that name an owner."""
    stranger_id = ApiKey.objects.get(key_name="hers").user_id

    data = create(api, user_id=stranger_id, is_primary=True).json()["data"]

    key = ApiKey.objects.get(pk=data["id"])
    assert (key.user_id, key.is_primary) == (user.pk, False)


def test_the_first_key_is_the_primary_one(user):
    create_key(user, key_name="first")
    ApiKey.objects.all().delete()

    key, _ = create_key(user, key_name="again")

    assert key.is_primary
