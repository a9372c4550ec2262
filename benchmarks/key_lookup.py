"""Measures the look-up of an API key at each level of the cache, and alternatives.

All of them take turns in one run, so that the ratios hold on a noisy machine.
"""

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

ROUNDS = 300
CALLS_PER_ROUND = 20
USERS = 1000


def main() -> None:
    """Print the times, the ratios, and the memory of 1,000 cached users."""
    from django.core.cache import caches
    from django.core.cache.backends.locmem import LocMemCache

    from accounts.access import key_lookup
    from accounts.keys import create_key
    from accounts.models import User
    from accounts.principals import cached_keys

    user = User.objects.create_user(f"bench-{time.time_ns()}@example.com")
    _, api_key = create_key(user, key_name="bench")
    cached = cached_keys.key_cache()
    while not cached.entries.process_cache.coherence.is_trusted():
        time.sleep(0.01)
    digest = key_lookup.current_digest(api_key)
    name = cached.name_prefix + digest
    plain, local_memory = caches["default"], LocMemCache("bench", {})
    value = [1, 2, True, True, False, "live", None]
    plain.set(name, value)
    local_memory.set(name, value)
    key_lookup.get_user(api_key)

    def from_redis() -> None:
        cached.entries.process_cache.local.forget([name])
        key_lookup.get_user(api_key)

    def from_database() -> None:
        key_lookup.clear_cache(api_key)
        started = time.perf_counter()
        key_lookup.get_user(api_key)
        cold_seconds.append(time.perf_counter() - started)

    cold_seconds: list[float] = []
    contenders: dict[str, Callable[[], Any]] = {
        "memory hit (L1)": lambda: key_lookup.get_user(api_key),
        "Redis hit (L2)": from_redis,
        "miss: database, cached in both": from_database,
        "made-up key": lambda: key_lookup.get_user("gw_live_" + "x" * 49),
        "django-redis get, nothing else": lambda: plain.get(name),
        "Django LocMem get, nothing else": lambda: local_memory.get(name),
        "uncached query": lambda: key_lookup._load(api_key, [digest]),
    }
    seconds: dict[str, list[float]] = {label: [] for label in contenders}
    gc.collect()
    gc.disable()
    for _ in range(ROUNDS):
        for label, call in contenders.items():
            call()
            for _ in range(CALLS_PER_ROUND):
                started = time.perf_counter()
                call()
                seconds[label].append(time.perf_counter() - started)
    gc.enable()
    seconds["miss: database, cached in both"] = cold_seconds

    print(f"{'':34}{'median µs':>11}{'p99 µs':>11}{'of django-redis':>17}")
    redis_median = statistics.median(seconds["django-redis get, nothing else"])
    for label, measured in seconds.items():
        median = statistics.median(measured)
        p99 = statistics.quantiles(measured, n=100)[98]
        print(f"{label:34}{median * 1e6:11.1f}{p99 * 1e6:11.1f}{median / redis_median:16.2f}×")
    _print_memory()
    user.delete()


def _print_memory() -> None:
    """Print the memory of 1,000 cached users, by the cache's own count and by tracemalloc."""
    import msgspec

    from accounts.principals.cached_keys import CachedKey
    from accounts.principals.principal import Principal
    from gatewayz.caching.local import Entry, LocalLevel

    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    level = LocalLevel(USERS)
    for n in range(USERS):
        principal = Principal(
            10_000_000 + n, 20_000_000 + n, True, True, False, "live", time.time()
        )
        value = msgspec.json.encode(CachedKey(time.time(), principal))
        entry = Entry(value, time.time() + 300)
        level.put(f"gatewayz:{{keys}}:1:key:1:{n:064x}", entry, unless_changed_since=0)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    traced, own = after - before, level.size_bytes
    print(
        f"\n{USERS:,} users in memory: {own / 1e6:.2f} MB by cache_size_bytes, "
        f"{traced / 1e6:.2f} MB by tracemalloc (ratio {own / traced:.2f})"
    )
