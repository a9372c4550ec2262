"""Counts the objects that work leaves to the garbage collector."""

import gc
from collections.abc import Callable

_TRIES = 10


def leaves_garbage(work: Callable[[], object]) -> bool:
    """Whether something that `work` is done with stays until the garbage collector comes.

    Threads that end meanwhile may leave garbage of their own, but not each time.
    """
    gc.disable()
    try:
        return all(_found_after(work) for _ in range(_TRIES))
    finally:
        gc.enable()


def _found_after(work: Callable[[], object]) -> int:
    gc.collect()
    work()
    return gc.collect()
