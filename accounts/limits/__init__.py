"""How much users and keys may do: counted in Redis, in one round trip for each request.

`throttles` asks before a view runs, `middleware` says in headers how much is left and, once the
answer is sent, gives slots back and counts tokens. `store` talks to Redis, where `scripts` run.
"""

from accounts.limits.admission import admit_address, charge
from accounts.limits.decision import Decision, LimitExceeded
from accounts.limits.store import counters, hit

__all__ = ["Decision", "LimitExceeded", "admit_address", "charge", "counters", "hit"]
