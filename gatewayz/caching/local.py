"""The level in this process's memory: a bounded dictionary that evicts the least recently used."""

import sys
import time
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

# Bytes of an entry besides its name and value: the tuple, the float, and its place in the
# dictionary and in the order of use. Measured with tracemalloc on CPython 3.11.
_OVERHEAD_BYTES = 180

# Most entries take a third of this; those of keys with long allow-lists take fifty times as much.
ROOM_PER_ENTRY_BYTES = 2_000


class Entry(NamedTuple):
    """An encoded value and when it expires, in seconds since 1970 (infinity: never)."""

    value: bytes
    expires_at: float


class LocalLevel:
    """Entries by name: at most `max_entries`, and ROOM_PER_ENTRY_BYTES for each of those.

    Safe to use from many threads. `get` does not return an expired entry, but it stays for
    `get_expired` as long as there is room.
    """

    def __init__(self, max_entries: int) -> None:
        self.max_entries = max_entries
        self.size_bytes = 0  # the memory that the entries take
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self._max_bytes = max_entries * ROOM_PER_ENTRY_BYTES
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._changes = 0
        self._lock = Lock()

    def get(self, name: str) -> Entry | None:
        """Return the entry called `name`, unless it has expired."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or entry[1] <= time.time():
                self.misses += 1
                return None
            self._entries.move_to_end(name)
            self.hits += 1
            return entry

    def get_expired(self, name: str) -> Entry | None:
        """Return the entry called `name` even if it has expired."""
        return self._entries.get(name)

    @property
    def changes(self) -> int:
        """How often something was forgotten. Read it before reading the value to `put`."""
        return self._changes

    def put(self, name: str, entry: Entry, *, unless_changed_since: int) -> bool:
        """Keep an entry, unless something was forgotten since `changes` had that value.

        The change may have concerned this very entry. Returns whether it was kept.
        """
        with self._lock:
            if self._changes != unless_changed_since:
                return False
            self._drop(name)
            self._entries[name] = entry
            self.size_bytes += _size_bytes(name, entry)
            while len(self._entries) > self.max_entries or self.size_bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))
                self.evictions += 1
            return True

    def forget(self, names: Iterable[str]) -> None:
        """Drop these entries, and reject every `put` of a value that was read before."""
        with self._lock:
            self._changes += 1
            for name in names:
                self._drop(name)

    def forget_all(self) -> None:
        """Drop every entry, and reject every `put` of a value that was read before."""
        with self._lock:
            self._changes += 1
            self._entries.clear()
            self.size_bytes = 0

    def after_fork(self) -> None:
        """Start empty in a child process: another thread of the parent may have held the lock."""
        self._lock = Lock()
        self._entries.clear()
        self.size_bytes = self.hits = self.misses = self.evictions = 0

    def __len__(self) -> int:
        return len(self._entries)

    def _drop(self, name: str) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self.size_bytes -= _size_bytes(name, entry)


def _size_bytes(name: str, entry: Entry) -> int:
    return sys.getsizeof(name) + sys.getsizeof(entry.value) + _OVERHEAD_BYTES
