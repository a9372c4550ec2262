"""Values that are filled in can be read, in this process and in others."""

import time

import pytest

from tests.gatewayz.caching.conftest import delete, fill, new_cache, read


@pytest.mark.parametrize(
    "value",
    ["", "ünïcode 👋", 0, 1, -1.5, True, False, None, [], [1, [2]], {}, {"a": {"b": None}}],
    ids=repr,
)
def test_values_come_back_unchanged(cache, other, value):
    fill(cache, value)

    for each in (cache, other):
        assert read(each) == value
        assert type(read(each)) is type(value)


def test_a_value_that_is_not_json_is_rejected(cache):
    with pytest.raises(TypeError):
        fill(cache, object())


def test_a_deleted_entry_can_be_filled_again(cache):
    fill(cache, "old")
    delete(cache)
    assert read(cache) is None

    assert fill(cache, "new")
    assert read(cache) == "new"


def test_clear_deletes_every_entry(cache):
    for key in ("a", "b"):
        fill(cache, "value", key)

    cache.clear()

    assert [read(cache, key) for key in ("a", "b")] == [None, None]


@pytest.mark.parametrize("timeout", [0, -1, -100])
def test_an_expired_entry_is_not_read(cache, timeout):
    fill(cache, "value", timeout=timeout)

    assert read(cache) is None


def test_an_expired_entry_can_be_read_as_a_last_resort(cache):
    fill(cache, "value", timeout=0)

    assert cache.read_expired(cache.make_key("key")).value == b'"value"'


def test_an_entry_without_a_timeout_never_expires(cache):
    fill(cache, "value", timeout=None)

    assert cache.process_cache.client.pttl(cache.make_key("key")) == -1
    assert read(cache) == "value"


def test_redis_keeps_an_entry_for_its_timeout_and_as_long_as_it_may_be_read_expired(cache):
    fill(cache, "value", timeout=2000)

    assert 2_000_000 < cache.process_cache.client.pttl(cache.make_key("key")) <= 2_060_000
    assert cache.read_redis(cache.make_key("key")).entry.expires_at > time.time() + 1900


def test_versions_are_separate(cache):
    for version in (1, 2):
        name = cache.make_key("key", version)
        cache.fill(name, version, cache.read_redis(name))

    assert cache.read_redis(cache.make_key("key", 1)).entry.value == b"1"
    assert cache.read_redis(cache.make_key("key", 2)).entry.value == b"2"


def test_prefixes_are_separate(cache, prefix):
    stranger = new_cache(f"{prefix}-other")
    fill(cache, 1)
    fill(stranger, 2)

    stranger.clear()

    assert (read(cache), read(stranger)) == (1, None)


@pytest.mark.parametrize("key", ["with space", "ünïcode", "x" * 1000, "new\nline", ""])
def test_any_text_can_be_a_key(cache, key):
    fill(cache, "value", key)

    assert read(cache, key) == "value"
