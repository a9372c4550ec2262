"""Counting from many threads."""

import os
from collections import Counter
from threading import Lock


class Tally:
    """Counts by name, of this process: a forked child begins at zero."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        # The lock too: another thread of the parent may have held it.
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Count one `name`."""
        with self._lock:
            self._counts[name] += 1

    def counts(self) -> Counter[str]:
        """All counts; 0 for what was never counted."""
        with self._lock:
            return self._counts.copy()
