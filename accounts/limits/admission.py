"""The rate limits of the current request, from its admission to its settlement."""

import logging
from contextvars import ContextVar

from django.conf import settings
from redis.exceptions import RedisError

from accounts.limits.decision import UNLIMITED, Decision, LimitExceeded
from accounts.limits.store import Ticket, admit, hit, record_rejection, settle
from accounts.principals.principal import Principal
from gatewayz.request.client_address import subscriber_of

logger = logging.getLogger(__name__)


class Admission:
    """The limits' decision about a request, and the tokens that it has used since.

    An admitted request is settled with its `ticket`; a rejected one is counted for its
    `principal`.
    """

    def __init__(
        self,
        decision: Decision,
        ticket: Ticket | None = None,
        principal: Principal | None = None,
    ) -> None:
        self.decision = decision
        self.tokens = 0
        self._ticket = ticket
        self._principal = principal

    @property
    def is_open(self) -> bool:
        """Whether anything is left to settle."""
        if self._ticket is not None:
            return bool(self._ticket.slot or self.tokens)
        return self._principal is not None and not self.decision.allowed

    def settle(self) -> None:
        """Report to Redis what the request has used; called after the response is sent."""
        try:
            if self._ticket is not None:
                settle(self._ticket, self.tokens)
            elif self._principal is not None and self.decision.code is not None:
                record_rejection(
                    self._principal.user_id, self._principal.key_id, self.decision.code
                )
        except RedisError as error:
            logger.warning("Could not settle the limits of a request: %s", error)


_current: ContextVar[Admission | None] = ContextVar("admission", default=None)


def clear_admission() -> None:
    """Clear the admission of the previous request in this thread."""
    _current.set(None)


def current_admission() -> Admission | None:
    """Return the admission of the current request, or None if no limits were checked."""
    return _current.get()


def admit_request(principal: Principal) -> None:
    """Admit the request of `principal` if its limits allow.

    While Redis is down, requests are admitted uncounted, unless RATE_LIMITS_FAIL_OPEN is off.

    Raises LimitExceeded, and redis.exceptions.RedisError with RATE_LIMITS_FAIL_OPEN off.
    """
    try:
        decision, ticket = admit(principal)
    except RedisError as error:
        if not settings.RATE_LIMITS_FAIL_OPEN:
            raise
        logger.warning("Redis did not answer the limits: admitting a request uncounted: %s", error)
        return
    if decision is UNLIMITED:
        return
    _current.set(Admission(decision, ticket, principal))
    if not decision.allowed:
        raise LimitExceeded(decision)


def admit_address(scope: str, address: str, *, limit: int, window_seconds: int) -> None:
    """Admit a request without a principal if its address is within the limit; see `hit`.

    IPv6 addresses count by their /64. Raises what `admit_request` raises.
    """
    admit_attempt(scope, subscriber_of(address), limit=limit, window_seconds=window_seconds)


def admit_attempt(scope: str, identity: str, *, limit: int, window_seconds: int) -> None:
    """Admit a request by a limit of its own instead of those of its principal; see `hit`.

    Raises what `admit_request` raises.
    """
    decision = hit(scope, identity, limit=limit, window_seconds=window_seconds)
    _current.set(Admission(decision))
    if not decision.allowed:
        raise LimitExceeded(decision)


def charge(tokens: int) -> None:
    """Count `tokens` used by the current request, if it succeeds.

    They are counted after the response is sent, so concurrent requests may together exceed a token
    limit; later requests are then rejected until the window has room again.
    """
    admission = _current.get()
    if admission is not None:
        admission.tokens += tokens
