"""Leases: requests that a process counts in advance, so that a busy key rarely needs Redis.

A process leases as many requests as the key used within the last LEASE_SECONDS, if that is at most
1 % of what remains of each limit (the script ADMIT checks this). No limit is ever exceeded, and
near a limit every request is counted on its own. A lease ends early when its requests have used
1 % of the tokens that remained when it began. Unused requests of a lease are lost when it ends:
after a burst, the windows may count twice the requests of its last second, within that 1 %.
"""

import time
from collections.abc import Hashable
from threading import Lock

from accounts.limits.decision import Decision

LEASE_SECONDS = 1.0
MAX_TAKEN = 64
MAX_LEASES = 10_000


class _Lease:
    __slots__ = ("decision", "ends_at", "is_renewed", "left", "taken", "tokens_left")

    def __init__(self, decision: Decision, taken: int, tokens: int) -> None:
        self.decision = decision
        self.tokens_left = tokens
        self.taken = taken
        self.left = taken - 1
        self.ends_at = time.monotonic() + LEASE_SECONDS
        self.is_renewed = False  # by another thread, which is asking Redis

    @property
    def is_usable(self) -> bool:
        return self.left > 0 and self.ends_at > time.monotonic()


class Leases:
    """The leases of this process, by user, key and limits."""

    def __init__(self) -> None:
        self._leases: dict[Hashable, _Lease] = {}
        self._lock = Lock()

    def use(self, name: Hashable) -> Decision | None:
        """Take one request from a lease. Returns its decision, or None if nothing is leased."""
        with self._lock:
            lease = self._leases.get(name)
            if lease is None or not lease.is_usable:
                return None
            lease.left -= 1
            left = lease.left
        decision = lease.decision
        return decision._replace(remaining=decision.remaining + left)

    def next_size(self, name: Hashable) -> int:
        """Return how many requests to lease next: twice as many if the last lease was used up.

        Only one thread at a time asks for more than one.
        """
        with self._lock:
            lease = self._leases.get(name)
            if lease is None or lease.is_renewed:
                return 1
            lease.is_renewed = True
            if lease.ends_at > time.monotonic():
                return min(2 * lease.taken, MAX_TAKEN)
            return max(1, lease.taken - lease.left)

    def store(self, name: Hashable, decision: Decision, taken: int, tokens: int) -> None:
        """Store a lease of `taken` requests, of which the current request uses one.

        It ends when they have used more than `tokens`.
        """
        with self._lock:
            known = self._leases.get(name)
            if taken == 1 and known is not None and known.is_usable:
                return  # a concurrent thread has stored a larger lease
            if len(self._leases) >= MAX_LEASES:
                self._leases.clear()
            self._leases[name] = _Lease(decision, taken, tokens)

    def use_tokens(self, name: Hashable, tokens: int) -> None:
        """Take `tokens` from a lease, which ends when they exceed what it may use."""
        with self._lock:
            lease = self._leases.get(name)
            if lease is not None:
                lease.tokens_left -= tokens
                if lease.tokens_left < 0:
                    del self._leases[name]

    def drop(self, name: Hashable) -> None:
        """Drop a lease, so that the next request is counted on its own."""
        with self._lock:
            self._leases.pop(name, None)
