"""Looking up the principal of a key, and when the cache reloads it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django_redis import get_redis_connection

from accounts.access import key_lookup
from accounts.access.key_lookup import (
    clear_cache,
    current_digest,
    get_cache_stats,
    get_user,
    invalidate_user,
    set_cache_ttl,
)
from accounts.keys import create_key, deactivate_key, rotate_key
from accounts.models import ApiKey, User
from accounts.principals import cached_keys, key_format
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("listening")]

LEGACY_KEY = "gw_live_" + "a-B_9" * 8


@pytest.fixture
def loads(monkeypatch):
    """The keys that are loaded from the database."""
    loaded = []
    load = key_lookup.load_from_database

    def counting_load(api_key, digests):
        loaded.append(api_key)
        return load(api_key, digests)

    monkeypatch.setattr(key_lookup, "load_from_database", counting_load)
    return loaded


def entry_of(api_key):
    cached = cached_keys.key_cache()
    return cached.entries.read_local(cached.name_prefix + current_digest(api_key))


def test_a_cold_look_up_takes_one_statement_and_a_warm_one_none(
    api_key, user, django_assert_num_queries
):
    with django_assert_num_queries(1):
        cold = get_user(api_key)
    with django_assert_num_queries(0):
        warm = get_user(api_key)

    assert cold == warm
    assert (warm.user_id, warm.denial_code()) == (user.pk, None)


def test_redis_holds_neither_the_key_nor_a_pickle(api_key):
    get_user(api_key)

    client = get_redis_connection("default")
    (name,) = client.scan_iter(f"*{settings.REDIS_KEY_PREFIX}*:key:*")
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
    return principal is not None and principal.denial_code() is None


def works_for_others(api_key):
    cached = cached_keys.read_local(current_digest(api_key))
    return cached is not None and cached.principal.denial_code() is None


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


def test_a_key_created_in_bulk_works_after_an_early_look_up(user):
    secret = key_format.generate("live")
    assert get_user(secret) is None

    ApiKey.objects.bulk_create(
        [ApiKey(user=user, key_name="bulk", key_digest=current_digest(secret))]
    )

    assert get_user(secret).user_id == user.pk


def test_an_unreadable_entry_in_redis_is_looked_up_again(api_key, user):
    name = cached_keys.key_cache().name_prefix + current_digest(api_key)
    for nonsense in (b"nonsense", b" inf [1]", b" x []", b" inf \xff"):
        get_redis_connection("default").set(name, nonsense)
        assert get_user(api_key).user_id == user.pk
        cached_keys.key_cache().entries.process_cache.local.forget_all()


def test_a_key_is_looked_up_in_the_database_while_redis_is_suspect(
    api_key, django_assert_num_queries
):
    get_user(api_key)
    process_cache = cached_keys.key_cache().entries.process_cache
    process_cache.connection_lost()
    process_cache.local.forget_all()

    try:
        with django_assert_num_queries(1):
            assert works(api_key)
    finally:
        process_cache.suspect_until = 0.0


def test_a_change_of_uncached_fields_keeps_the_entry(api_key, user, django_assert_num_queries):
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


def test_an_unreachable_redis_is_logged_once_per_look_up(api_key, no_redis, caplog):
    get_user(api_key)

    said = [record for record in caplog.records if record.name == key_lookup.logger.name]
    assert len(said) == 1


def test_without_redis_keys_are_read_from_the_database(
    api_key, user, no_redis, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert get_user(api_key).user_id == user.pk


@pytest.fixture
def newer_pepper(settings):
    settings.KEY_PEPPERS = [b"newer pepper", *settings.KEY_PEPPERS]


def test_a_key_created_under_an_older_pepper_works_unchanged(
    api_key, key, newer_pepper, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert get_user(api_key).key_id == key.pk
        assert get_user(api_key).key_id == key.pk

    digest = key.key_digest
    key.refresh_from_db()
    assert key.key_digest == digest


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_to_a_key_made_under_an_older_pepper_is_seen(
    api_key, key, user, newer_pepper, change
):
    assert works(api_key)

    change(key, user)

    assert not works(api_key)


def test_rotating_an_adopted_key_made_under_an_older_pepper_ends_the_old_secret(
    user, key, settings
):
    settings.ACCEPT_LEGACY_KEYS = True
    digest = current_digest(LEGACY_KEY)
    ApiKey.objects.filter(pk=key.pk).update(key_digest=digest)
    User.objects.filter(pk=user.pk).update(legacy_key_digest=digest)
    settings.KEY_PEPPERS = [b"newer pepper", *settings.KEY_PEPPERS]
    assert works(LEGACY_KEY)

    rotate_key(key)

    assert get_user(LEGACY_KEY) is None


def test_deactivating_a_user_ends_a_legacy_key_of_an_older_pepper(user, settings):
    settings.ACCEPT_LEGACY_KEYS = True
    User.objects.filter(pk=user.pk).update(legacy_key_digest=current_digest(LEGACY_KEY))
    settings.KEY_PEPPERS = [b"newer pepper", *settings.KEY_PEPPERS]
    assert works(LEGACY_KEY)

    User.objects.update(is_active=False)

    assert not works(LEGACY_KEY)


def test_a_legacy_key_works_where_legacy_keys_are_accepted(user, settings):
    User.objects.filter(pk=user.pk).update(legacy_key_digest=current_digest(LEGACY_KEY))
    assert get_user(LEGACY_KEY) is None

    settings.ACCEPT_LEGACY_KEYS = True

    principal = get_user(LEGACY_KEY)
    assert (principal.user_id, principal.key_id, principal.denial_code()) == (user.pk, None, None)


def test_an_unknown_key_is_looked_up_once(django_assert_num_queries):
    unknown = key_format.generate("live")

    with django_assert_num_queries(1):
        assert get_user(unknown) is None
        assert get_user(unknown) is None


def test_a_key_created_after_an_early_look_up_works_immediately(user, monkeypatch):
    secret = key_format.generate("live")
    assert get_user(secret) is None
    monkeypatch.setattr(key_format, "generate", lambda environment: secret)

    create_key(user, key_name="mine")

    assert get_user(secret).user_id == user.pk


def test_a_flood_of_made_up_keys_costs_no_statement_and_no_memory(
    api_key, django_assert_num_queries
):
    get_user(api_key)
    before = get_cache_stats()

    with django_assert_num_queries(0):
        for n in range(20_000):
            assert get_user(f"gw_live_{n:049}") is None

    after = get_cache_stats()
    for what in ("cached_users", "cache_size_bytes"):
        assert after[what] == before[what]
    assert after["shared"]["entries"] == before["shared"]["entries"]


def test_a_flood_of_unknown_keys_takes_no_room_from_keys_that_work(api_key, monkeypatch):
    get_user(api_key)
    unknown = cached_keys.key_cache().unknown
    monkeypatch.setattr(unknown, "max_entries", 50)

    for _ in range(100):
        get_user(key_format.generate("live"))

    assert len(unknown) == 50
    assert entry_of(api_key) is not None
    assert get_cache_stats()["shared"]["entries"] == 1


def test_a_stampede_on_one_key_takes_one_statement(api_key, loads):
    def look_up(_):
        try:
            return get_user(api_key)
        finally:
            connection.close()

    with ThreadPoolExecutor(30) as threads:
        found = list(threads.map(look_up, range(200)))

    assert len({principal.key_id for principal in found}) == 1
    assert len(loads) == 1


def test_a_database_failure_leaves_no_caller_hanging(api_key, user, monkeypatch):
    def fail(key, digests):
        raise OperationalError

    with monkeypatch.context() as patch, ThreadPoolExecutor(10) as threads:
        patch.setattr(key_lookup, "load_from_database", fail)
        calls = [threads.submit(get_user, api_key) for _ in range(10)]
        assert all(isinstance(call.exception(10), OperationalError) for call in calls)

    assert get_user(api_key).user_id == user.pk


@pytest.fixture
def later(monkeypatch):
    """Advance the clock of the cache by some seconds."""

    def move(seconds):
        now = time.time() + seconds
        for module in (
            "gatewayz.caching.local",
            "gatewayz.caching.backend",
            "accounts.access.key_lookup",
        ):
            monkeypatch.setattr(f"{module}.time.time", lambda: now)

    return move


def test_an_expired_entry_is_served_briefly_while_the_database_is_down(
    api_key, user, settings, monkeypatch, later
):
    get_user(api_key)
    stale_hits = get_cache_stats()["stale_hits"]

    def fail(key, digests):
        raise OperationalError

    monkeypatch.setattr(key_lookup, "load_from_database", fail)

    later(settings.KEY_CACHE_TTL_SECONDS + settings.KEY_CACHE_STALE_SECONDS - 1)
    assert get_user(api_key).user_id == user.pk
    assert get_cache_stats()["stale_hits"] == stale_hits + 1

    later(settings.KEY_CACHE_TTL_SECONDS + settings.KEY_CACHE_STALE_SECONDS + 1)
    with pytest.raises(OperationalError):
        get_user(api_key)


def test_a_revoked_key_does_not_come_back_while_the_database_is_down(
    api_key, key, settings, monkeypatch, later
):
    get_user(api_key)
    deactivate_key(key)

    def fail(key, digests):
        raise OperationalError

    monkeypatch.setattr(key_lookup, "load_from_database", fail)

    with pytest.raises(OperationalError):
        get_user(api_key)


def test_an_entry_in_use_is_renewed_before_it_ends(
    api_key, settings, later, loads, django_assert_num_queries
):
    get_user(api_key)
    first = entry_of(api_key).expires_at
    later(settings.KEY_CACHE_TTL_SECONDS - 5)

    with django_assert_num_queries(0):
        for _ in range(5):
            assert get_user(api_key).denial_code() is None

    wait_until(lambda: entry_of(api_key).expires_at != first)
    assert len(loads) == 2


def test_the_ttl_set_for_all_processes_applies(api_key):
    get_user(api_key)

    set_cache_ttl(60)

    assert entry_of(api_key) is None
    get_user(api_key)
    assert 0 < entry_of(api_key).expires_at - time.time() <= 60
    assert get_cache_stats()["ttl_seconds"] == 60


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
def test_a_ttl_out_of_bounds_is_rejected(seconds):
    with pytest.raises(ValueError, match="from 1 to 86,400"):
        set_cache_ttl(seconds)


def test_one_key_or_all_can_be_forgotten(user, loads):
    first, second = (create_key(user, key_name=name)[1] for name in "ab")
    for secret in (first, second):
        get_user(secret)

    clear_cache(first)
    for secret in (first, second):
        get_user(secret)
    clear_cache()
    for secret in (first, second):
        get_user(secret)

    assert loads == [first, second, first, first, second]


def test_without_the_cache_every_look_up_takes_a_statement(
    api_key, key, settings, django_assert_num_queries
):
    settings.KEY_CACHE = False

    with django_assert_num_queries(2):
        assert works(api_key)
        assert works(api_key)
    assert entry_of(api_key) is None
    deactivate_key(key)
    assert not works(api_key)


def test_the_statistics_have_the_documented_names(api_key):
    get_user(api_key)
    get_user(api_key)

    stats = get_cache_stats()

    assert stats.keys() >= {
        "cached_users",
        "cache_size_bytes",
        "ttl_seconds",
        "max_entries",
        "hits",
        "misses",
        "hit_rate",
        "negative_hits",
        "evictions",
        "coalesced",
    }
    assert stats["cached_users"] == stats["shared"]["entries"] == 1
    assert 0 < stats["hit_rate"] < 1
    assert 0 < stats["cache_size_bytes"] < 1000
