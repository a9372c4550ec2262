"""A change by one process reaches the others."""

import os
import threading
import time

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from gatewayz.caching import coherence, process_cache
from gatewayz.caching.local import Entry
from tests.gatewayz.caching.conftest import delete, fill, new_cache, read
from tests.waiting import WAIT_SECONDS, wait_until


def remember(cache, key="key"):
    """Read until the entry is in memory: messages still on their way may empty it at first."""
    wait_until(lambda: read(cache, key) is not None and in_memory(cache, key))


def in_memory(cache, key="key"):
    return cache.read_local(cache.make_key(key)) is not None


CHANGES = {
    "delete one": delete,
    "delete several": lambda cache: delete(cache, "other", "key"),
    "clear": lambda cache: cache.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_leaves_no_old_value_in_another_process(cache, other, change):
    fill(cache, "old")
    remember(other)

    change(cache)

    wait_until(lambda: not in_memory(other))
    assert read(other) is None


def test_a_second_read_needs_no_redis(cache, other):
    fill(cache, "value")
    remember(other)
    reads = other.process_cache.counters.counts()

    assert read(other) == "value"
    assert other.process_cache.counters.counts() == reads


def test_filling_an_entry_does_not_disturb_others(cache, other):
    for each in (cache, other):
        if read(each) is None:
            assert fill(each, "value")

    assert in_memory(cache)
    assert in_memory(other)


@pytest.mark.parametrize("change", ["delete", "delete and fill", "clear"])
def test_a_value_read_before_a_change_is_not_filled_in_after_it(cache, other, change):
    name = cache.make_key("key")
    reading = cache.read_redis(name)

    if change == "clear":
        other.clear()
    else:
        delete(other)
    if change == "delete and fill":
        fill(other, "new")

    assert not cache.fill(name, "old", reading)
    assert read(cache) == ("new" if change == "delete and fill" else None)


HOLDS = {
    "an entry": (lambda cache: cache.process_cache.hold([cache.make_key("key")]), delete),
    "all": (lambda cache: cache.process_cache.hold_all(), lambda cache: cache.clear()),
}


@pytest.mark.parametrize("what", HOLDS)
def test_a_held_entry_is_not_filled_in(cache, other, what):
    hold, release = HOLDS[what]
    fill(cache, "old")
    remember(other)

    hold(cache)
    wait_until(lambda: not in_memory(other))
    assert not fill(cache, "old")
    assert not fill(other, "old")
    release(cache)

    assert fill(other, "new")
    assert read(cache) == "new"


@pytest.mark.parametrize("what", HOLDS)
def test_a_value_read_before_a_hold_is_not_filled_in(cache, what):
    name = cache.make_key("key")
    reading = cache.read_redis(name)

    HOLDS[what][0](cache)

    assert not cache.fill(name, "old", reading)
    assert read(cache) is None


def test_a_hold_expires(cache, monkeypatch):
    monkeypatch.setattr("gatewayz.caching.process_cache.TOMBSTONE_MS", 1)
    monkeypatch.setattr("gatewayz.caching.backend.TOMBSTONE_MS", 1)

    for hold, _ in HOLDS.values():
        hold(cache)

    monkeypatch.undo()
    wait_until(lambda: fill(cache, "value"))
    assert read(cache) == "value"


def test_a_hold_that_redis_rejects_is_retried(cache, other, monkeypatch):
    def fail(*arguments):
        raise RedisConnectionError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(cache.process_cache, "run", fail)
        with pytest.raises(RedisConnectionError):
            cache.process_cache.hold([cache.make_key("key")])
    cache.process_cache.retry_deletes()

    assert not fill(other, "old")


def test_a_value_read_from_redis_before_a_delete_is_not_kept_in_memory_after_it(cache, other):
    fill(cache, "old")
    changes = other.process_cache.local.changes

    delete(cache)
    wait_until(lambda: other.process_cache.local.changes != changes)
    other.keep_locally(other.make_key("key"), Entry(b'"old"', time.time() + 60), changes)

    assert not in_memory(other)


def test_without_its_listener_a_process_does_not_trust_its_memory(cache, other, monkeypatch):
    fill(cache, "old")
    remember(other)

    kill_listeners(other)
    wait_until(lambda: not in_memory(other))

    delete(cache)
    fill(cache, "new")
    assert read(other) == "new"


def kill_listeners(cache):
    """Have Redis close the connections that listen for changes of any cache."""
    client = cache.process_cache.client
    listening = client.client_list(_type="pubsub")
    assert listening
    for connection in listening:
        client.client_kill_filter(_id=connection["id"])


class Forgetting:
    """A subscriber that says when it was told to forget everything."""

    def __init__(self):
        self.has_forgotten = threading.Event()

    def forget(self, names):
        pass

    def forget_all(self):
        self.has_forgotten.set()

    def after_fork(self):
        pass


def test_a_listener_that_reconnects_starts_with_an_empty_memory(cache, other):
    fill(cache, "old")
    remember(other)
    cut_off = Forgetting()
    other.process_cache.coherence.subscribers.append(cut_off)

    kill_listeners(other)
    assert cut_off.has_forgotten.wait(WAIT_SECONDS)
    wait_until(other.process_cache.coherence.is_trusted)

    assert not in_memory(other)


def test_memory_is_distrusted_when_redis_falls_silent(cache, monkeypatch):
    fill(cache, "value")
    remember(cache)

    # The lease is over and nothing was heard, as with a half-open connection.
    later = time.monotonic() + coherence.LEASE_SECONDS
    monkeypatch.setattr("gatewayz.caching.coherence.time.monotonic", lambda: later)

    assert not in_memory(cache)


def test_a_forked_child_starts_with_an_empty_memory_and_its_own_listener(cache, other):
    fill(cache, "value")
    remember(cache)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            empty = len(cache.process_cache.local) == 0
            trusted = wait_until(cache.process_cache.coherence.is_trusted)
            right = read(cache) == "value" and in_memory(cache)
            os.write(writing, b"ok" if empty and trusted and right else b"no")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        assert answer.read() == b"ok"
    os.waitpid(child, 0)
    assert in_memory(cache)


def test_a_restarted_redis_brings_no_deleted_value_back(cache, prefix):
    fill(cache, "old")
    # A restart looks like this: the same data, in another run of the server.
    cache.process_cache.client.set(cache.process_cache.run_key, "the run before")

    late_comer = new_cache(prefix)

    assert read(late_comer) is None


def fail(*arguments):
    raise RedisConnectionError("Redis is down")


def test_a_delete_that_failed_is_retried_when_redis_is_back(cache, other, monkeypatch):
    fill(cache, "old")
    remember(other)
    with monkeypatch.context() as patch:
        patch.setattr(cache.process_cache, "run", fail)
        with pytest.raises(RedisConnectionError):
            delete(cache)
        assert not in_memory(cache)

    wait_until(lambda: read(other) is None)


def test_after_too_many_failed_deletes_the_whole_cache_is_cleared(cache, other, monkeypatch):
    monkeypatch.setattr(process_cache, "MAX_PENDING_DELETES", 3)
    fill(cache, "old")
    remember(other)
    with monkeypatch.context() as patch:
        patch.setattr(cache.process_cache, "run", fail)
        for key in ["key", *range(10)]:
            with pytest.raises(RedisConnectionError):
                delete(cache, key)
        assert cache.process_cache.pending_deletes == 1

    wait_until(lambda: read(other) is None)
    wait_until(lambda: not cache.process_cache.pending_deletes)


def test_an_entry_whose_delete_is_pending_is_not_read_back(cache, monkeypatch):
    fill(cache, "old")
    monkeypatch.setattr(cache.process_cache, "run", fail)
    with pytest.raises(RedisConnectionError):
        delete(cache)

    with pytest.raises(RedisConnectionError):
        read(cache)


@pytest.mark.parametrize(
    ("setting", "refusing", "well"), [("maxmemory", 1, 0), ("min-replicas-to-write", 1, 0)]
)
def test_a_delete_reaches_other_processes_even_when_redis_rejects_writes(
    cache, other, setting, refusing, well
):
    fill(cache, "old")
    remember(other)
    client = cache.process_cache.client
    client.config_set(setting, refusing)
    try:
        with pytest.raises(RedisError):
            delete(cache)

        # The others must not believe Redis either. Only this message says so: the earlier `set`,
        # heard late, also empties their memory.
        wait_until(lambda: other.process_cache.redis_may_be_stale)
        wait_until(lambda: not in_memory(other))
    finally:
        client.config_set(setting, well)
    wait_until(lambda: read(other) is None)


def test_redis_is_suspect_after_its_connection_was_lost(cache):
    assert not cache.process_cache.redis_may_be_stale

    kill_listeners(cache)

    wait_until(lambda: cache.process_cache.redis_may_be_stale)


@pytest.mark.parametrize("nonsense", ["nonsense", "[1]", "null", "[1, 2, 3, 4]"])
def test_a_message_that_cannot_be_read_empties_the_memory_and_nothing_else(cache, nonsense):
    fill(cache, "value")
    remember(cache)

    cache.process_cache.client.publish(cache.process_cache.coherence.channel, nonsense)

    wait_until(lambda: not in_memory(cache))
    remember(cache)


def test_a_value_read_long_ago_is_not_filled_in(cache, monkeypatch):
    name = cache.make_key("key")
    reading = cache.read_redis(name)

    late = reading._replace(read_at=reading.read_at - 31)

    assert not cache.fill(name, "old", late)
    assert read(cache) is None


def test_the_listener_does_not_keep_a_process_from_exiting(cache):
    listeners = [
        t for t in threading.enumerate() if t.name == cache.process_cache.coherence.channel
    ]

    assert listeners
    assert all(thread.daemon for thread in listeners)
