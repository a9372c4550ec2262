"""What one process changes, the others see."""

import os
import threading
import time

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from gatewayz.caching import coherence, shared
from gatewayz.caching.local import Entry
from tests.gatewayz.caching.conftest import new_cache
from tests.waiting import WAIT_SECONDS, wait_until


def remember(cache, key="key"):
    """Read until it is in memory: changes still on their way may empty it at first."""
    wait_until(lambda: cache.get(key) is not None and in_memory(cache, key))


def in_memory(cache, key="key"):
    return cache.read_local(cache.make_key(key)) is not None


CHANGES = {
    "set": lambda cache: cache.set("key", "new"),
    "delete": lambda cache: cache.delete("key"),
    "delete_many": lambda cache: cache.delete_many(["other", "key"]),
    "touch": lambda cache: cache.touch("key", 10),
    "incr": lambda cache: cache.incr("key"),
    "clear": lambda cache: cache.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_leaves_no_old_value_in_another_process(cache, other, change):
    cache.set("key", 1)
    remember(other)

    change(cache)

    wait_until(lambda: not in_memory(other))
    assert other.get("key") == cache.get("key")


def test_a_second_read_asks_nobody(cache, other):
    cache.set("key", "value")
    remember(other)
    reads = other.shared.counters.counts()

    assert other.get("key") == "value"
    assert other.shared.counters.counts() == reads


def test_filling_an_entry_does_not_disturb_others(cache, other):
    for each in (cache, other):
        name = each.make_key("key")
        reading = each.read_shared(name)
        if reading.entry is None:
            assert each.fill(name, "value", reading)

    assert in_memory(cache)
    assert in_memory(other)


@pytest.mark.parametrize("change", ["delete", "set", "clear"])
def test_what_was_read_before_a_change_is_not_filled_in_after_it(cache, other, change):
    name = cache.make_key("key")
    reading = cache.read_shared(name)

    {
        "delete": lambda: other.delete("key"),
        "set": lambda: other.set("key", "new"),
        "clear": other.clear,
    }[change]()

    assert not cache.fill(name, "old", reading)
    assert cache.get("key") == ("new" if change == "set" else None)


HOLDS = {
    "an entry": (lambda cache: cache.shared.hold([cache.make_key("key")]), "delete"),
    "all": (lambda cache: cache.shared.hold_all(), "clear"),
}


@pytest.mark.parametrize("what", HOLDS)
def test_nothing_is_filled_in_while_it_is_held(cache, other, what):
    hold, release = HOLDS[what]
    cache.set("key", "old")
    remember(other)

    hold(cache)
    wait_until(lambda: not in_memory(other))
    assert not filled(cache, "old")
    assert not filled(other, "old")
    {"delete": lambda: cache.delete("key"), "clear": cache.clear}[release]()

    assert filled(other, "new")
    assert cache.get("key") == "new"


@pytest.mark.parametrize("what", HOLDS)
def test_what_was_read_before_a_hold_is_not_filled_in(cache, what):
    name = cache.make_key("key")
    reading = cache.read_shared(name)

    HOLDS[what][0](cache)

    assert not cache.fill(name, "old", reading)
    assert cache.get("key") is None


def test_a_hold_ends_by_itself(cache, monkeypatch):
    monkeypatch.setattr("gatewayz.caching.shared.TOMBSTONE_MS", 1)
    monkeypatch.setattr("gatewayz.caching.backend.TOMBSTONE_MS", 1)

    for hold, _ in HOLDS.values():
        hold(cache)

    monkeypatch.undo()
    wait_until(lambda: filled(cache, "value"))
    assert cache.get("key") == "value"


def test_a_hold_that_redis_does_not_take_is_told_later(cache, other, monkeypatch):
    def fail(*arguments):
        raise RedisConnectionError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(cache.shared, "run", fail)
        with pytest.raises(RedisConnectionError):
            cache.shared.hold([cache.make_key("key")])
    cache.shared.deliver()

    assert not filled(other, "old")


def filled(cache, value):
    """Whether a value that is read elsewhere now is kept."""
    name = cache.make_key("key")
    return cache.fill(name, value, cache.read_shared(name))


def test_a_value_read_from_redis_before_a_delete_is_not_kept_in_memory_after_it(cache, other):
    cache.set("key", "old")
    changes = other.shared.local.changes

    cache.delete("key")
    wait_until(lambda: other.shared.local.changes != changes)
    other._keep_locally(other.make_key("key"), Entry(b'"old"', time.time() + 60), changes)

    assert not in_memory(other)


def test_without_its_listener_a_process_does_not_trust_its_memory(cache, other, monkeypatch):
    cache.set("key", "old")
    remember(other)

    kill_listeners(other)
    wait_until(lambda: not in_memory(other))

    cache.set("key", "new")
    assert other.get("key") == "new"


def kill_listeners(cache):
    """Have Redis close the connections that listen for changes of any cache."""
    client = cache.shared.client
    listening = client.client_list(_type="pubsub")
    assert listening
    for connection in listening:
        client.client_kill_filter(_id=connection["id"])


class Forgetting:
    """A follower that says when it was told to forget everything."""

    def __init__(self):
        self.has_forgotten = threading.Event()

    def forget(self, names):
        pass

    def forget_all(self):
        self.has_forgotten.set()

    def after_fork(self):
        pass


def test_a_listener_that_was_cut_off_comes_back_with_an_empty_memory(cache, other):
    cache.set("key", "old")
    remember(other)
    cut_off = Forgetting()
    other.shared.coherence.followers.append(cut_off)

    kill_listeners(other)
    assert cut_off.has_forgotten.wait(WAIT_SECONDS)
    wait_until(other.shared.coherence.is_trusted)

    assert not in_memory(other)


def test_memory_is_distrusted_when_redis_falls_silent(cache, monkeypatch):
    cache.set("key", "value")
    remember(cache)

    # The lease is over and nothing was heard, as with a half-open connection.
    later = time.monotonic() + coherence.LEASE_SECONDS
    monkeypatch.setattr("gatewayz.caching.coherence.time.monotonic", lambda: later)

    assert not in_memory(cache)


def test_a_forked_child_begins_with_an_empty_memory_and_a_listener_of_its_own(cache, other):
    cache.set("key", "value")
    remember(cache)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            empty = len(cache.shared.local) == 0
            trusted = cache.shared.coherence.wait_until_trusted(WAIT_SECONDS)
            right = cache.get("key") == "value" and in_memory(cache)
            os.write(writing, b"ok" if empty and trusted and right else b"no")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        assert answer.read() == b"ok"
    os.waitpid(child, 0)
    assert in_memory(cache)


def test_a_restarted_redis_brings_no_deleted_value_back(cache, prefix):
    cache.set("key", "old")
    # What a restart looks like: the same data, in another run of the server.
    cache.shared.client.set(cache.shared.run_key, "the run before")

    late_comer = new_cache(prefix)

    assert late_comer.get("key") is None


def fail(*arguments):
    raise RedisConnectionError("Redis is down")


def test_a_delete_that_redis_did_not_take_is_delivered_when_it_is_back(cache, other, monkeypatch):
    cache.set("key", "old")
    remember(other)
    with monkeypatch.context() as patch:
        patch.setattr(cache.shared, "run", fail)
        with pytest.raises(RedisConnectionError):
            cache.delete("key")
        assert not in_memory(cache)

    wait_until(lambda: other.get("key") is None)


def test_of_too_many_deletes_that_redis_did_not_take_all_entries_are_deleted(
    cache, other, monkeypatch
):
    monkeypatch.setattr(shared, "MAX_UNDELIVERED", 3)
    cache.set("key", "old")
    remember(other)
    with monkeypatch.context() as patch:
        patch.setattr(cache.shared, "run", fail)
        for name in ["key", *range(10)]:
            with pytest.raises(RedisConnectionError):
                cache.delete(name)
        assert len(cache.shared._undelivered) == 1

    wait_until(lambda: other.get("key") is None)
    wait_until(lambda: not cache.shared._undelivered)


def test_meanwhile_it_does_not_read_back_what_it_has_deleted(cache, monkeypatch):
    cache.set("key", "old")
    monkeypatch.setattr(cache.shared, "run", fail)
    with pytest.raises(RedisConnectionError):
        cache.delete("key")

    with pytest.raises(RedisConnectionError):
        cache.get("key")


@pytest.mark.parametrize(
    ("setting", "refusing", "well"), [("maxmemory", 1, 0), ("min-replicas-to-write", 1, 0)]
)
def test_a_delete_is_heard_although_redis_refuses_writes(cache, other, setting, refusing, well):
    cache.set("key", "old")
    remember(other)
    client = cache.shared.client
    client.config_set(setting, refusing)
    try:
        with pytest.raises(RedisError):
            cache.delete("key")

        # The others must not believe Redis either. Only this message says so: the earlier `set`,
        # heard late, also empties their memory.
        wait_until(lambda: other.shared.is_suspect)
        wait_until(lambda: not in_memory(other))
    finally:
        client.config_set(setting, well)
    wait_until(lambda: other.get("key") is None)


def test_redis_is_suspect_after_its_connection_was_lost(cache):
    assert not cache.shared.is_suspect

    kill_listeners(cache)

    wait_until(lambda: cache.shared.is_suspect)


@pytest.mark.parametrize("nonsense", ["nonsense", "[1]", "null", "[1, 2, 3, 4]"])
def test_a_message_that_cannot_be_read_empties_the_memory_and_nothing_else(cache, nonsense):
    cache.set("key", "value")
    remember(cache)

    cache.shared.client.publish(cache.shared.coherence.channel, nonsense)

    wait_until(lambda: not in_memory(cache))
    remember(cache)


def test_what_was_read_long_ago_is_not_filled_in(cache, monkeypatch):
    name = cache.make_key("key")
    reading = cache.read_shared(name)

    late = reading._replace(read_at=reading.read_at - 31)

    assert not cache.fill(name, "old", late)
    assert cache.get("key") is None


def test_it_keeps_no_process_from_ending(cache):
    listeners = [t for t in threading.enumerate() if t.name == cache.shared.coherence.channel]

    assert listeners
    assert all(thread.daemon for thread in listeners)
