"""GET /v1/user/api-keys, and of one of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import ApiKey
from tests.accounts.keys.conftest import PATH
from tests.problems import assert_problem


@pytest.mark.parametrize("path", [PATH, "/user/api-keys"])
def test_lists_the_users_keys_newest_first_and_masked(api, user, key, stranger_api, path):
    newer, secret = create_key(user, key_name="newer", environment_tag="test")

    body = api.get(path).json()

    assert [shown["id"] for shown in body["data"]] == [newer.pk, key.pk]
    assert body["data"][0]["api_key"] == f"{secret[:10]}…{secret[-4:]}"
    assert body["keys"] == body["data"]
    assert body["count"] == body["total_keys"] == 2


def test_pages_and_filters(api, user, key):
    made = [create_key(user, key_name=f"k{n}", environment_tag="test")[0] for n in range(3)]

    page = api.get(PATH, {"limit": 2, "offset": 1, "environment_tag": "test"}).json()

    assert [shown["id"] for shown in page["data"]] == [made[1].pk, made[0].pk]
    assert page["count"] == 3
    assert api.get(PATH, {"environment_tag": "staging"}).json()["data"] == []


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"environment_tag": "x"}])
def test_rejects_a_bad_page(api, query):
    assert_problem(api.get(PATH, query), 400, "validation_error")


def test_shows_the_remaining_requests_and_days(api, key):
    ApiKey.objects.update(
        max_requests=200,
        requests_used=150,
        expiration_date=timezone.now() + timedelta(days=2, minutes=1),
    )

    (shown,) = api.get(PATH).json()["data"]

    names = ("requests_remaining", "usage_percentage", "days_remaining")
    # This request counts too.
    assert [shown[name] for name in names] == [49, 75.5, 3]


def test_remaining_numbers_are_never_negative(api, user):
    key, _ = create_key(user, key_name="old")
    ApiKey.objects.filter(pk=key.pk).update(
        max_requests=10,
        requests_used=12,
        expiration_date=timezone.now() - timedelta(days=3),
    )

    shown = api.get(f"{PATH}/{key.pk}").json()["data"]

    names = ("requests_remaining", "usage_percentage", "days_remaining")
    assert [shown[name] for name in names] == [0, 120.0, 0]


def test_reads_one_key(api, key):
    response = api.get(f"{PATH}/{key.pk}")

    assert response.json()["data"] == api.get(PATH).json()["data"][0]


def test_somebody_elses_key_is_not_found(stranger_api, key):
    path = f"{PATH}/{key.pk}"

    assert_problem(stranger_api.get(path), 404, "not_found")
    for method, given in [("put", {}), ("delete", {"confirmation": "DELETE_KEY"})]:
        response = getattr(stranger_api, method)(path, given, content_type="application/json")
        assert_problem(response, 404, "not_found")
    assert_problem(stranger_api.post_json(f"{path}/rotate", {}), 404, "not_found")
    unchanged = ApiKey.objects.get(pk=key.pk)
    assert unchanged.key_digest == key.key_digest


def test_takes_a_fixed_number_of_statements(api, user, key, django_assert_num_queries):
    for n in range(5):
        create_key(user, key_name=f"k{n}")
    api.get(PATH)

    # The keys, which are all there are.
    with django_assert_num_queries(1):
        api.get(PATH)
    # The key.
    with django_assert_num_queries(1):
        api.get(f"{PATH}/{key.pk}")
