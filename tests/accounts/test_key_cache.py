"""The look-up from key to principal, and when it is looked up anew."""

import json

import pytest
from django.db import transaction
from django_redis import get_redis_connection

from accounts import key_entries, key_format
from accounts.key_cache import current_digest, get_user, invalidate_user
from accounts.keys import create_key
from accounts.models import ApiKey, User

pytestmark = pytest.mark.django_db(transaction=True)

LEGACY_KEY = "gw_live_" + "a-B_9" * 8


def test_a_cold_look_up_is_one_statement_and_a_warm_one_none(
    api_key, user, django_assert_num_queries
):
    with django_assert_num_queries(1):
        cold = get_user(api_key)
    with django_assert_num_queries(0):
        warm = get_user(api_key)

    assert cold == warm
    assert (warm.user_id, warm.refusal()) == (user.pk, None)


def test_redis_holds_neither_the_key_nor_a_pickle(api_key):
    get_user(api_key)

    client = get_redis_connection("default")
    (name,) = client.scan_iter("*:key:*")
    epoch_and_end, _, entry = client.get(name).partition(b"[")
    assert json.loads(b"[" + entry)
    assert api_key.encode() not in name + epoch_and_end + entry


CHANGES = {
    "saving the key": lambda key, user: _save(key, is_active=False),
    "updating keys": lambda key, user: ApiKey.objects.update(is_active=False),
    "bulk-updating keys": lambda key, user: ApiKey.objects.bulk_update(
        [_changed(key, is_active=False)], ["is_active"]
    ),
    "deleting the key": lambda key, user: key.delete(),
    "deleting keys": lambda key, user: ApiKey.objects.all().delete(),
    "saving the user": lambda key, user: _save(user, is_active=False),
    "updating users": lambda key, user: User.objects.update(is_active=False),
    "bulk-updating users": lambda key, user: User.objects.bulk_update(
        [_changed(user, is_active=False)], ["is_active"]
    ),
    "deleting the user, which cascades": lambda key, user: user.delete(),
    "deleting users, which cascades": lambda key, user: User.objects.all().delete(),
}


def _changed(row, **fields):
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def _save(row, **fields):
    _changed(row, **fields).save()


def works(api_key):
    principal = get_user(api_key)
    return principal is not None and principal.refusal() is None


def works_for_others(api_key):
    cached = key_entries.read_local(current_digest(api_key))
    return cached is not None and cached.principal.refusal() is None


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_once_it_is_committed(api_key, key, user, change):
    assert works(api_key)

    with transaction.atomic():
        change(key, user)
        # Not yet: others must go on as they were.
        assert works_for_others(api_key)

    assert not works(api_key)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_is_rolled_back_changes_nothing(
    api_key, key, user, change, django_assert_num_queries
):
    assert works(api_key)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        change(key, user)
        raise ZeroDivisionError

    with django_assert_num_queries(0):
        assert works(api_key)


def test_a_change_of_nothing_that_is_cached_keeps_the_entry(
    api_key, user, django_assert_num_queries
):
    get_user(api_key)
    ApiKey.objects.update(last_used_at=None)
    user.last_login = None
    user.save(update_fields=["last_login"])

    with django_assert_num_queries(0):
        get_user(api_key)


def test_invalidating_a_user_forgets_all_of_its_keys(user, django_assert_num_queries):
    secrets = [create_key(user, key_name=f"k{n}")[1] for n in range(3)]
    for secret in secrets:
        get_user(secret)

    invalidate_user(user.pk)

    with django_assert_num_queries(3):
        for secret in secrets:
            get_user(secret)


def test_without_redis_it_asks_the_database(api_key, user, no_redis, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert get_user(api_key).user_id == user.pk


def test_a_key_digested_under_an_older_pepper_works_and_moves_to_the_new_one(
    api_key, key, settings
):
    settings.KEY_PEPPERS = [b"new pepper", *settings.KEY_PEPPERS]

    assert get_user(api_key).key_id == key.pk

    key.refresh_from_db()
    assert key.key_digest == key_format.digest(api_key, b"new pepper")
    settings.KEY_PEPPERS = settings.KEY_PEPPERS[:1]
    assert get_user(api_key).key_id == key.pk


def test_a_legacy_key_works_when_they_are_accepted(user, settings):
    User.objects.filter(pk=user.pk).update(legacy_key_digest=current_digest(LEGACY_KEY))
    assert get_user(LEGACY_KEY) is None

    settings.ACCEPT_LEGACY_KEYS = True

    principal = get_user(LEGACY_KEY)
    assert (principal.user_id, principal.key_id, principal.refusal()) == (user.pk, None, None)
