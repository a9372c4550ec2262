"""The backend is a Django cache: what Django's own tests ask of every backend.

After BaseCacheTests in Django's tests/cache/tests.py, as far as values are JSON.
"""

import pytest

from tests.gatewayz.caching.conftest import new_cache


def test_set_and_get(cache):
    cache.set("key", "value")

    assert cache.get("key") == "value"


def test_a_missing_key_is_the_default(cache):
    assert cache.get("missing") is None
    assert cache.get("missing", "bang!") == "bang!"


@pytest.mark.parametrize(
    "value",
    ["", "ünïcode 👋", 0, 1, -1.5, True, False, None, [], [1, [2]], {}, {"a": {"b": None}}],
    ids=repr,
)
def test_values_come_back_as_they_were(cache, other, value):
    cache.set("key", value)

    assert cache.get("key", "missing") == value
    assert other.get("key", "missing") == value
    assert type(cache.get("key", "missing")) is type(value)


def test_what_is_no_json_is_refused(cache):
    with pytest.raises(TypeError):
        cache.set("key", object())


def test_none_is_a_value(cache):
    cache.set("key", None)

    assert cache.get("key", 1) is None
    assert cache.has_key("key")
    assert cache.get_many(["key"]) == {"key": None}
    assert cache.get_or_set("key", 1) is None
    assert cache.add("key", 1) is False


def test_a_value_that_was_got_may_be_changed_freely(cache):
    cache.set("key", {"list": [1]})

    cache.get("key")["list"].append(2)

    assert cache.get("key") == {"list": [1]}


def test_add_only_sets_what_is_not_there(cache):
    assert cache.add("key", "first") is True
    assert cache.add("key", "second") is False
    assert cache.get("key") == "first"


def test_delete_says_whether_there_was_something(cache):
    cache.set("key", "value")

    assert cache.delete("key") is True
    assert cache.get("key") is None
    assert cache.delete("key") is False


def test_what_was_deleted_can_be_added(cache):
    cache.set("key", 1)
    cache.delete("key")

    assert cache.add("key", 2) is True
    assert cache.get("key") == 2


def test_has_key_and_in(cache):
    cache.set("key", "value")

    assert cache.has_key("key")
    assert "key" in cache
    assert "missing" not in cache


def test_incr_and_decr(cache):
    cache.set("n", 41)

    assert cache.incr("n") == 42
    assert cache.incr("n", 10) == 52
    assert cache.decr("n", 50) == 2
    assert cache.get("n") == 2
    with pytest.raises(ValueError, match="missing"):
        cache.incr("missing")


def test_incr_keeps_the_end(cache):
    cache.set("n", 1, 100)
    ends = cache.read_shared(cache.make_key("n")).entry.expires_at

    cache.incr("n")

    assert cache.read_shared(cache.make_key("n")).entry.expires_at == ends


def test_get_many_set_many_delete_many(cache):
    assert cache.set_many({"a": 1, "b": 2, "c": 3}) == []
    assert cache.get_many(["a", "c", "missing"]) == {"a": 1, "c": 3}
    assert cache.get_many(iter(["a", "b"])) == {"a": 1, "b": 2}

    cache.delete_many(["a", "b"])

    assert cache.get_many(["a", "b", "c"]) == {"c": 3}
    cache.delete_many([])
    assert cache.get_many([]) == {}


def test_get_or_set(cache):
    assert cache.get_or_set("key", "first") == "first"
    assert cache.get_or_set("key", "second") == "first"
    assert cache.get_or_set("called", lambda: "made") == "made"


def test_clear(cache):
    cache.set_many({"a": 1, "b": 2})

    cache.clear()

    assert cache.get_many(["a", "b"]) == {}
    cache.set("a", 3)
    assert cache.get("a") == 3


@pytest.mark.parametrize("timeout", [0, -1, -100])
def test_what_has_ended_is_not_there(cache, timeout):
    cache.set("key", "value", timeout)

    assert cache.get("key") is None
    assert "key" not in cache
    assert cache.add("key", "another") is True


def test_a_value_without_a_timeout_never_ends(cache):
    cache.set("key", "value", None)
    assert cache.shared.client.pttl(cache.make_key("key")) == -1
    assert cache.get("key") == "value"
    assert cache.add("added", 1, timeout=None)
    assert cache.get("added") == 1


def test_touch(cache):
    cache.set("key", "value", timeout=1000)

    assert cache.touch("key", 2000) is True
    assert 2_000_000 < cache.shared.client.pttl(cache.make_key("key")) <= 2_060_000
    assert cache.touch("key", 0) is True
    assert cache.get("key") is None
    assert cache.touch("missing") is False


def test_versions_are_apart(cache):
    cache.set("key", 1, version=1)
    cache.set("key", 2, version=2)

    assert (cache.get("key"), cache.get("key", version=2)) == (1, 2)
    assert cache.incr_version("key", version=2) == 3
    assert (cache.get("key", version=2), cache.get("key", version=3)) == (None, 2)
    with pytest.raises(ValueError, match="missing"):
        cache.incr_version("missing")


def test_prefixes_are_apart(cache, prefix):

    stranger = new_cache(f"{prefix}-other")
    cache.set("key", 1)
    stranger.set("key", 2)
    stranger.clear()

    assert (cache.get("key"), stranger.get("key")) == (1, None)


@pytest.mark.parametrize("key", ["with space", "ünïcode", "x" * 1000, "new\nline", ""])
def test_any_text_is_a_key(cache, key):
    cache.set(key, "value")

    assert cache.get(key) == "value"
