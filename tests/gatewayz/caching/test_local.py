"""The in-process level."""

import time
import tracemalloc

import pytest

from gatewayz.caching.local import ROOM_PER_ENTRY_BYTES, Entry, LocalLevel

HOUR = 3600


def put(level, name, seconds=HOUR):
    return level.put(
        name, Entry(b"value", time.time() + seconds), unless_changed_since=level.changes
    )


def test_drops_the_least_recently_used_entry_when_full():
    level = LocalLevel(3)
    for name in "abc":
        put(level, name)
    level.get("a")

    put(level, "d")

    assert [name for name in "abcd" if level.get(name)] == ["a", "c", "d"]
    assert (len(level), level.evictions) == (3, 1)


def test_long_values_take_the_room_of_several_entries():
    level = LocalLevel(10)
    long = Entry(b"x" * 9_000, time.time() + HOUR)

    for name in "abcd":
        level.put(name, long, unless_changed_since=level.changes)

    assert [name for name in "abcd" if level.get(name)] == ["c", "d"]
    assert level.size_bytes <= 10 * ROOM_PER_ENTRY_BYTES


def test_an_entry_expires(monkeypatch):
    level = LocalLevel(3)
    put(level, "a", seconds=10)
    ends = level.get("a").expires_at

    monkeypatch.setattr("gatewayz.caching.local.time.time", lambda: ends)

    assert level.get("a") is None
    assert level.get_expired("a").value == b"value"


@pytest.mark.parametrize("forget", [lambda level: level.forget(["b"]), LocalLevel.forget_all])
def test_a_value_read_before_an_invalidation_is_not_kept(forget):
    level = LocalLevel(3)
    before = level.changes
    forget(level)

    kept = level.put("a", Entry(b"old", time.time() + HOUR), unless_changed_since=before)

    assert not kept
    assert level.get("a") is None


def test_counts_hits_and_misses():
    level = LocalLevel(3)
    put(level, "a")
    level.get("a")
    level.get("b")

    assert (level.hits, level.misses) == (1, 1)


def test_its_size_is_what_tracemalloc_measures():
    level = LocalLevel(1000)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for n in range(1000):
            value = f"[1795510253.215461,[{n + 10**7},{n + 10**7},true,true,false,live,null]]"
            entry = Entry(value.encode(), time.time() + n)
            level.put(f"gatewayz:{{keys}}:1:key:1:{n:064x}", entry, unless_changed_since=0)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert level.size_bytes == pytest.approx(after - before, rel=0.15)
    # The documented target for 1,000 users.
    assert after - before < 10_000_000
