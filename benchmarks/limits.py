"""Measures what the limits cost a request, and how much they store in Redis.

All in one run and turn by turn, so that the ratios hold on a noisy machine.
"""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 200
CALLS_PER_ROUND = 10


def main() -> None:
    """Print the cost of each call, beside a PING, and the memory that one user takes."""
    from django_redis import get_redis_connection

    from accounts.limits.store import admit, hit, settle, usage_of_keys
    from accounts.principals.principal import Allowance, Limits, Principal

    many = 10**12
    plan = Allowance(
        requests_per_day=many,
        requests_per_month=many,
        tokens_per_day=many,
        tokens_per_month=many,
    )
    every = Allowance(*[many] * 9)

    def principal(limits: Limits | None, key_id: int) -> Principal:
        return Principal(1, key_id, True, True, False, "live", None, limits=limits)

    unlimited = principal(None, 1)
    free = principal(Limits(user=plan), 2)
    full = principal(Limits(user=every, key=every), 3)
    rejected = principal(Limits(key=Allowance(requests_per_minute=1)), 4)
    client = get_redis_connection("default")
    _, ticket = admit(full)
    if ticket is None:
        raise SystemExit("There is nothing to settle")

    contenders: dict[str, Callable[[], Any]] = {
        "PING, nothing else": lambda: client.execute_command("PING"),
        "admit: no limits (Enterprise)": lambda: admit(unlimited),
        "admit: day and month (Free)": lambda: admit(free),
        "admit: every limit there is": lambda: admit(full),
        "admit: rejected": lambda: admit(rejected),
        "settle: slot and tokens": lambda: settle(ticket, 10),
        "hit: by address": lambda: hit("bench", "192.0.2.1", limit=many, window_seconds=60),
        "read what 50 keys have used": lambda: usage_of_keys(1, range(50)),
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
        # Without this, slots would accumulate, which never happens in the service.
        client.delete(*ticket.keys[2:])
    gc.enable()

    print(f"{'':34}{'median µs':>11}{'p99 µs':>11}{'of a PING':>11}")
    ping = statistics.median(seconds["PING, nothing else"])
    for label, measured in seconds.items():
        median = statistics.median(measured)
        p99 = statistics.quantiles(measured, n=100)[98]
        print(f"{label:34}{median * 1e6:11.1f}{p99 * 1e6:11.1f}{median / ping:10.2f}×")

    print("\nInside Redis, by its own clock:")
    for name, stats in client.info("commandstats").items():
        if name in {"cmdstat_evalsha", "cmdstat_ping"}:
            print(f"  {name.removeprefix('cmdstat_'):10}{stats['usec_per_call']:8.1f} µs a call")

    _print_memory(full)


def _print_memory(caller: Any) -> None:
    """Print the memory in Redis of a user who has used every window for days."""
    from django_redis import get_redis_connection

    from accounts.limits.store import _keys, admit, settle

    now_ms = int(time.time() * 1000)
    client = get_redis_connection("default")
    keys = _keys(caller.user_id, caller.key_id)
    client.delete(*keys)
    for hour in range(72):
        for minute in range(0, 60, 2):
            at = now_ms + (hour * 60 + minute) * 60_000
            _, ticket = admit(caller, at)
            if ticket:
                settle(ticket, 100, at)
    sizes = {name: client.memory_usage(name) or 0 for name in keys}
    print(f"\nA user and a key with every limit, busy for days: {sum(sizes.values()):,} bytes")
