"""Counters that many threads may increment."""

import os
from collections import Counter
from threading import Lock


class Counters:
    """Counters by name, for this process: a forked child starts at zero."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        # The lock is new too: another thread of the parent may have held it.
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Add one to the counter `name`."""
        with self._lock:
            self._counts[name] += 1

    def counts(self) -> Counter[str]:
        """A copy of all counters; a name that was never added has 0."""
        with self._lock:
            return self._counts.copy()
