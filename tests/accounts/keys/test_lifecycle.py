"""Creating, rotating and deactivating keys."""

import pytest
from django.db import IntegrityError, transaction

from accounts.access.key_lookup import current_digest, get_user
from accounts.keys import KeyNameTaken, create_key, deactivate_key, rotate_key
from accounts.models import ActivityEvent, ApiKey, User
from accounts.worker import drain

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_secret_is_not_stored(user):
    key, secret = create_key(user, key_name="mine")

    stored = ApiKey.objects.filter(pk=key.pk).values().get()
    assert secret not in map(str, stored.values())
    assert stored["key_digest"] == current_digest(secret)
    assert key.masked == f"{secret[:10]}…{secret[-4:]}"


def test_only_the_first_key_of_a_user_is_the_primary_one(user):
    first, _ = create_key(user, key_name="first")
    second, _ = create_key(user, key_name="second")

    assert (first.is_primary, second.is_primary) == (True, False)


def test_the_database_rejects_a_second_primary_key(user):
    create_key(user, key_name="first")
    second, _ = create_key(user, key_name="second")

    with pytest.raises(IntegrityError, match="idx_api_keys_new_primary"), transaction.atomic():
        ApiKey.objects.filter(pk=second.pk).update(is_primary=True)


def test_a_user_cannot_have_two_keys_of_one_name(user):
    create_key(user, key_name="mine")

    with pytest.raises(KeyNameTaken):
        create_key(user, key_name="mine")


def test_rotating_ends_the_old_secret_and_keeps_the_rest(user):
    key, old = create_key(user, key_name="mine", environment_tag="test")
    assert get_user(old).key_id == key.pk

    new = rotate_key(key)

    assert get_user(old) is None
    assert get_user(new).key_id == key.pk
    assert (key.key_name, key.is_primary, new[:8]) == ("mine", True, "gw_test_")


def test_a_deactivated_key_is_denied_immediately(user):
    key, secret = create_key(user, key_name="mine")
    assert get_user(secret).denial_code() is None

    deactivate_key(key)

    assert get_user(secret).denial_code() == "inactive_key"
    assert key.is_active is False


def delete_key(key):
    key.delete()


def delete_keys(key):
    ApiKey.objects.filter(pk=key.pk).delete()


@pytest.mark.parametrize("end", [deactivate_key, rotate_key, delete_key, delete_keys])
def test_a_deactivated_key_does_not_survive_in_the_users_table(user, settings, end):
    settings.ACCEPT_LEGACY_KEYS = True
    legacy = "gw_live_" + "a-B_9" * 8
    key, _ = create_key(user, key_name="adopted")
    ApiKey.objects.filter(pk=key.pk).update(key_digest=current_digest(legacy))
    User.objects.filter(pk=user.pk).update(legacy_key_digest=current_digest(legacy))
    key.refresh_from_db()
    assert get_user(legacy).key_id == key.pk

    end(key)

    found = get_user(legacy)
    assert found is None or found.denial_code() == "inactive_key"
    assert not User.objects.exclude(legacy_key_digest=None).exists()


def test_managing_a_key_is_activity_but_not_a_use_of_the_key(user):
    key, _ = create_key(user, key_name="mine")
    rotate_key(key)
    deactivate_key(key)
    with pytest.raises(KeyNameTaken):
        create_key(user, key_name="mine")

    drain.drain()

    events = ActivityEvent.objects.filter(user=user).order_by("id")
    assert [event.finish_reason for event in events] == [
        "key_created",
        "key_rotated",
        "key_revoked",
    ]
    assert {(event.api_key_id, event.metadata["key_id"]) for event in events} == {(None, key.pk)}
    key.refresh_from_db()
    assert key.requests_used == 0
