"""Calls the service in threads with and without group commit, for `benchmarks.combining`.

    python -m benchmarks.measuring.combined OPERATION USER_ID API_KEY ROUNDS

Its standard input are the requests as JSON.
"""

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from threading import Thread
from typing import Any
from unittest.mock import patch

from benchmarks.measuring.in_process import CONTENDERS
from benchmarks.measuring.load import Request
from gatewayz.threads.combining import Combiner

THREADS = (1, 8, 64)
SECONDS = 1.0
WARM_UP_CALLS = 50


def main(operation: str, user_id: str, api_key: str, rounds: str) -> None:
    """Print a row of the table for each number of threads and each way."""
    requests = [Request(*given) for given in json.load(sys.stdin)]
    calls = [CONTENDERS["ours"](user_id, api_key) for _ in range(max(THREADS))]
    for request in requests[:WARM_UP_CALLS]:
        calls[0](request)
    for threads in THREADS:
        taken: dict[str, list[float]] = {name: [] for name in WAYS}
        turns: dict[str, list[float]] = {name: [] for name in WAYS}
        for _, (name, way) in itertools.product(range(int(rounds)), WAYS.items()):
            with way():
                found = _turn(calls[:threads], requests)
            taken[name] += found
            turns[name].append(len(found) / SECONDS)
        alone = statistics.median(turns["each by itself"])
        for name, seconds in taken.items():
            rate = statistics.median(turns[name])
            p50, *_, p99 = (
                1000 * statistics.quantiles(seconds, n=100)[place] for place in (49, 98)
            )
            print(
                f"| {operation} | {threads} | {name} | {rate:,.0f} | {rate / alone:.2f} "
                f"| {p50:.1f} | {p99:.1f} |",
                flush=True,
            )


def _turn(calls: list[Callable[[Request], object]], requests: list[Request]) -> list[float]:
    """Call in one thread for each of `calls`; return how many seconds each call took."""
    taken: list[float] = []
    end = time.monotonic() + SECONDS

    def work(nth: int, call: Callable[[Request], object]) -> None:
        for request in _from(nth, requests):
            began = time.monotonic()
            if began > end:
                return
            call(request)
            taken.append(time.monotonic() - began)

    threads = [Thread(target=work, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _from(nth: int, requests: list[Request]) -> Iterator[Request]:
    return itertools.cycle(requests[nth % len(requests) :] + requests[: nth % len(requests)])


def _alone(self: Any, item: Any) -> Any:
    return self._run([item])[0]


def _when_the_batch_ends(self: Any, call: Any) -> Any:
    call.signal.get()
    with self._lock:
        return [] if call.taken else self._take()


WAYS: Mapping[str, Callable[[], AbstractContextManager[Any]]] = {
    "each by itself": lambda: patch.object(Combiner, "do", _alone),
    "a batch at a time": lambda: patch.object(Combiner, "_await_turn", _when_the_batch_ends),
    "as the service does": nullcontext,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
