"""The limits on the request being answered: from its admission to its settlement."""

import logging
from contextvars import ContextVar

from django.conf import settings
from redis.exceptions import RedisError

from accounts.limits.decision import UNLIMITED, Decision, LimitExceeded
from accounts.limits.store import Ticket, admit, hit, record_rejection, settle
from accounts.principals.principal import (
    Principal,
)
from gatewayz.request.client_address import (
    subscriber_of,
)

logger = logging.getLogger(__name__)


class Admission:
    """How the limits decided about a request, and what it has used since.

    `ticket` is what an admitted request is settled with, `principal` whose refusal is noted.
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
        """Whether there is something to settle."""
        if self._ticket is not None:
            return bool(self._ticket.slot or self.tokens)
        return self._principal is not None and not self.decision.allowed

    def settle(self) -> None:
        """Tell Redis what the request has used; for after the answer, which does not wait."""
        try:
            if self._ticket is not None:
                settle(self._ticket, self.tokens)
            elif self._principal is not None and self.decision.code is not None:
                record_rejection(
                    self._principal.user_id, self._principal.key_id, self.decision.code
                )
        except RedisError as error:
            logger.warning("The limits could not be settled: %s", error)


_current: ContextVar[Admission | None] = ContextVar("admission", default=None)


def clear_admission() -> None:
    """Forget the admission of the request before, in this thread."""
    _current.set(None)


def current_admission() -> Admission | None:
    """The admission of the request being answered; None when it was not asked for."""
    return _current.get()


def admit_request(principal: Principal) -> None:
    """Let the request of `principal` in, if its limits allow it.

    With Redis down it is let in and not counted, unless RATE_LIMITS_FAIL_OPEN is off.

    Raises LimitExceeded, and redis.exceptions.RedisError with RATE_LIMITS_FAIL_OPEN off.
    """
    try:
        decision, ticket = admit(principal)
    except RedisError as error:
        if not settings.RATE_LIMITS_FAIL_OPEN:
            raise
        logger.warning("The limits do not answer: a request is let in uncounted: %s", error)
        return
    if decision is UNLIMITED:
        return
    _current.set(Admission(decision, ticket, principal))
    if not decision.allowed:
        raise LimitExceeded(decision)


def admit_address(scope: str, address: str, *, limit: int, window_seconds: int) -> None:
    """Let a request without a principal in, if its address is within the limit; see `hit`.

    IPv6 addresses count by their /64. Raises as `admit_request` does.
    """
    decision = hit(scope, subscriber_of(address), limit=limit, window_seconds=window_seconds)
    _current.set(Admission(decision))
    if not decision.allowed:
        raise LimitExceeded(decision)


def charge(tokens: int) -> None:
    """Count `tokens` that the request being answered has used, if it succeeds.

    They count once the answer is sent, so what runs at the same time may together pass a limit
    of tokens: the requests after it wait until the window has room again.
    """
    admission = _current.get()
    if admission is not None:
        admission.tokens += tokens
