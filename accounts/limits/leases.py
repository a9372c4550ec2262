"""Requests that a process has counted in advance, so that most of a busy key ask nobody.

A key takes as many at once as it has lately used within LEASE_SECONDS, as long as that is at most
1 % of what each limit has left (the script ADMIT sees to it). So no limit is ever passed, and
near a limit every request is counted by itself. What a lease holds at its end is lost: at the end
of a burst the windows count as much as twice the requests of its last second, within that 1 %.
"""

import time
from collections.abc import Hashable
from threading import Lock

from accounts.limits.decision import Decision

LEASE_SECONDS = 1.0
MAX_TAKEN = 64
MAX_LEASES = 10_000


class _Lease:
    __slots__ = ("decision", "ends_at", "is_renewed", "left", "taken")

    def __init__(self, decision: Decision, taken: int) -> None:
        self.decision = decision
        self.taken = taken
        self.left = taken - 1
        self.ends_at = time.monotonic() + LEASE_SECONDS
        self.is_renewed = False  # somebody is at it


class Leases:
    """The leases of this process, by what they were asked for."""

    def __init__(self) -> None:
        self._leases: dict[Hashable, _Lease] = {}
        self._lock = Lock()

    def use(self, name: Hashable) -> Decision | None:
        """The decision on a request that was counted in advance; None if none was."""
        with self._lock:
            lease = self._leases.get(name)
            if lease is None or not lease.left or lease.ends_at <= time.monotonic():
                return None
            lease.left -= 1
            left = lease.left
        decision = lease.decision
        return decision._replace(remaining=decision.remaining + left)

    def next_size(self, name: Hashable) -> int:
        """How many requests to count next: twice as many if the last ones were used up in time.

        One at a time asks for more than one.
        """
        with self._lock:
            lease = self._leases.get(name)
            if lease is None or lease.is_renewed:
                return 1
            lease.is_renewed = True
            if lease.ends_at > time.monotonic():
                return min(2 * lease.taken, MAX_TAKEN)
            return max(1, lease.taken - lease.left)

    def store(self, name: Hashable, decision: Decision, taken: int) -> None:
        """Use what was counted beyond the request itself for those to come."""
        with self._lock:
            known = self._leases.get(name)
            if taken == 1 and known is not None and known.left:
                return  # asked for beside another, which brings more
            if len(self._leases) >= MAX_LEASES:
                self._leases.clear()
            self._leases[name] = _Lease(decision, taken)

    def drop(self, name: Hashable) -> None:
        """Begin with a single request again."""
        with self._lock:
            self._leases.pop(name, None)
