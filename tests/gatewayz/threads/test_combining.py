from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Event

import pytest

from gatewayz.threads.combining import Combiner
from tests.garbage import leaves_garbage
from tests.waiting import WAIT_SECONDS, wait_until


class Work:
    """Doubles numbers in batches; the first batch waits until `let_go` is set."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = Event()
        self.let_go = Event()
        self.error: Exception | None = None

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        if len(self.batches) == 1:
            self.begun.set()
            assert self.let_go.wait(WAIT_SECONDS)
        if self.error is not None and len(items) > 1:
            raise self.error
        return [2 * item for item in items]


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def gather(combiner, work, threads, items):
    """Start a call, then others for `items` that wait for it; return all futures."""
    first = threads.submit(combiner.do, 1)
    assert work.begun.wait(WAIT_SECONDS)
    others = [threads.submit(combiner.do, item) for item in items]
    wait_until(lambda: combiner.waiting == len(items))
    return [first, *others]


def test_a_single_call_runs_immediately(work):
    work.let_go.set()

    assert Combiner(work).do(1) == 2
    assert work.batches == [[1]]


def test_calls_during_a_batch_form_the_next_one(work, threads):
    combiner = Combiner(work, patience_seconds=WAIT_SECONDS)

    calls = gather(combiner, work, threads, [2, 3, 4])
    work.let_go.set()

    assert [call.result(WAIT_SECONDS) for call in calls] == [2, 4, 6, 8]
    assert [sorted(batch) for batch in work.batches] == [[1], [2, 3, 4]]


def test_no_call_waits_longer_than_its_patience(work, threads):
    combiner = Combiner(work, patience_seconds=0.001)
    first = threads.submit(combiner.do, 1)
    assert work.begun.wait(WAIT_SECONDS)

    assert threads.submit(combiner.do, 2).result(WAIT_SECONDS) == 4

    assert not first.done()
    work.let_go.set()
    assert first.result(WAIT_SECONDS) == 2


def test_slow_batches_run_concurrently(threads):
    together = Barrier(2)
    combiner = Combiner(
        lambda items: (together.wait(WAIT_SECONDS), items)[1], patience_seconds=0.001
    )

    calls = [threads.submit(combiner.do, item) for item in (1, 2)]

    assert [call.result(WAIT_SECONDS) for call in calls] == [1, 2]


def test_every_call_of_a_batch_raises_its_error(work, threads):
    combiner = Combiner(work, patience_seconds=WAIT_SECONDS)
    work.error = OSError("broken")

    first, *others = gather(combiner, work, threads, [2, 3])
    work.let_go.set()

    assert first.result(WAIT_SECONDS) == 2
    for call in others:
        with pytest.raises(OSError, match="broken"):
            call.result(WAIT_SECONDS)


def test_after_an_error_without_effect_each_call_runs_alone(work, threads):
    combiner = Combiner(work, patience_seconds=WAIT_SECONDS, alone_after=(ValueError,))
    work.error = ValueError("one of them is bad")

    calls = gather(combiner, work, threads, [2, 3])
    work.let_go.set()

    assert [call.result(WAIT_SECONDS) for call in calls] == [2, 4, 6]
    assert sorted(map(sorted, work.batches)) == [[1], [2], [2, 3], [3]]


def test_an_error_of_a_single_item_is_raised_once(work):
    calls = []

    def fail(items):
        calls.append(items)
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        Combiner(fail, alone_after=(ValueError,)).do(1)

    assert len(calls) == 1


def test_an_error_leaves_nothing_to_the_garbage_collector():
    def fail(items: Sequence[int]) -> list[int]:
        raise ValueError("It went wrong.")

    def work() -> None:
        with suppress(ValueError):
            Combiner(fail).do(1)

    assert not leaves_garbage(work)


def test_while_it_is_risky_every_call_runs_alone(work, threads):
    combiner = Combiner(work, is_risky=lambda: True)
    first = threads.submit(combiner.do, 1)
    assert work.begun.wait(WAIT_SECONDS)

    assert [combiner.do(item) for item in (2, 3)] == [4, 6]

    work.let_go.set()
    assert first.result(WAIT_SECONDS) == 2
    assert work.batches == [[1], [2], [3]]
