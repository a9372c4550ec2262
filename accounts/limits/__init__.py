"""Rate limits of users and keys, counted in Redis with one round trip per request.

`throttles` checks the limits before a view runs; `middleware` adds headers and, once the response
is sent, releases slots and counts tokens. `store` talks to Redis, where `scripts` run.
"""

from accounts.limits.admission import admit_address, charge
from accounts.limits.decision import Decision, LimitExceeded
from accounts.limits.store import counters, hit

__all__ = ["Decision", "LimitExceeded", "admit_address", "charge", "counters", "hit"]
