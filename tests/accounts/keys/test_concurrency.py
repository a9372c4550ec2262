"""Concurrent requests about the same keys."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.keys import create_key
from accounts.models import ApiKey
from tests.accounts.keys.conftest import PATH
from tests.conftest import ApiClient

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*asks):
    """Send the requests concurrently. Returns their answers."""

    def answer(ask):
        try:
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(asks)) as threads:
        return list(threads.map(answer, asks))


def test_concurrent_creations_of_one_name_make_one_key(api_key):
    answers = at_once(
        *[lambda: ApiClient(api_key).post_json(PATH, {"key_name": "same"}) for _ in range(6)]
    )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [409] * 5


def test_one_of_several_concurrent_first_keys_is_primary(user):
    at_once(*[lambda n=n: create_key(user, key_name=f"k{n}") for n in range(6)])

    assert ApiKey.objects.filter(user=user, is_primary=True).count() == 1
    assert ApiKey.objects.filter(user=user).count() == 6


def test_the_last_of_two_concurrent_rotations_counts(user, api_key):
    key, old = create_key(user, key_name="rotated")

    answers = at_once(
        *[
            lambda: ApiClient(api_key).post_json(
                f"{PATH}/{key.pk}/rotate", {"grace_seconds": 3600}
            )
            for _ in range(2)
        ]
    )

    assert [answer.status_code for answer in answers] == [200, 200]
    secrets = [answer.json()["api_key"] for answer in answers]
    # One is the current secret, the other the previous one in its grace period.
    assert [ApiClient(secret).get(PATH).status_code for secret in secrets] == [200, 200]
    assert ApiClient(old).get(PATH).status_code == 401
    (row,) = ApiKey.objects.filter(pk=key.pk).values("key_digest", "previous_digest")
    assert len(set(row.values())) == 2


def test_concurrent_bulk_rotations_do_not_deadlock(user, api_key):
    keys = [create_key(user, key_name=f"k{n}") for n in range(5)]

    def rotate_all():
        return ApiClient(api_key).put(
            f"{PATH}/{keys[0][0].pk}",
            {"action": "bulk_rotate", "environment_tag": "live", "grace_seconds": 60},
            content_type="application/json",
        )

    statuses = [answer.status_code for answer in at_once(rotate_all, rotate_all)]

    # The second may find its own secret in its grace period, which cannot manage keys.
    assert set(statuses) <= {200, 403}
    assert 200 in statuses


def test_two_keys_that_delete_each_other_leave_one_key_that_manages_keys(user):
    made = [create_key(user, key_name=f"k{n}") for n in range(2)]

    def delete(secret, key):
        return ApiClient(secret).delete(
            f"{PATH}/{key.pk}", {"confirmation": "DELETE_KEY"}, content_type="application/json"
        )

    (one, one_secret), (two, two_secret) = made
    answers = at_once(lambda: delete(one_secret, two), lambda: delete(two_secret, one))

    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 409])
    assert ApiKey.objects.filter(user=user).managing_keys().count() == 1
