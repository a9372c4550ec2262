"""The limit of updates of messages that are still being written."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.limits.admission import admit_attempt
from accounts.limits.throttles import PrincipalThrottle
from accounts.principals.principal import Allowance, Principal
from chat.messages import growing
from chat.messages.serializers import client_id_of
from chat.models import ChatMessage
from gatewayz.request.long_bodies import SMALL_BODY_BYTES

# The least that a user may make: ten messages that each grow twice a second.
UPDATES_PER_MINUTE = 1_200
UPDATES_PER_REQUEST = 20


class UpdateThrottle(PrincipalThrottle):
    """Counts updates of a message in progress against a limit of their own, all else as usual.

    An answer may be saved fifty times while it is written. Its first and its last save count as
    ordinary requests.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        owner = request.user
        if not isinstance(owner, Principal):
            return super().allow_request(request, view)
        is_limited = owner.limits or owner.max_requests
        if not is_limited or not self._lets_grow(owner, request, view):
            return super().allow_request(request, view)
        limit = updates_per_minute(owner.limits.user if owner.limits else Allowance())
        admit_attempt("updates", str(owner.user_id), limit=limit, window_seconds=60)
        return True

    def _lets_grow(self, owner: Principal, request: Request, view: Any) -> bool:
        if request.method not in {"POST", "PATCH", "PUT"}:
            return False
        # A long body is read only after the request is admitted.
        if not 0 < int(request.META.get("CONTENT_LENGTH") or 0) <= SMALL_BODY_BYTES:
            return False
        try:
            given = request.data
        except APIException:
            super().allow_request(request, view)
            raise
        return isinstance(given, Mapping) and _grows(owner, given, **view.kwargs)


def updates_per_minute(plan: Allowance) -> int:
    """Return how many updates in a minute a plan allows: UPDATES_PER_REQUEST for each request."""
    limits_and_minutes = (
        (plan.requests_per_minute, 1),
        (plan.requests_per_hour, 60),
        (plan.requests_per_day, 1_440),
        (plan.requests_per_month, 43_200),
    )
    rates = [limit * UPDATES_PER_REQUEST // minutes for limit, minutes in limits_and_minutes]
    return max(UPDATES_PER_MINUTE, min(filter(None, rates), default=0))


def _grows(
    owner: Principal, given: Mapping[str, Any], session_id: int, message_id: int | None = None
) -> bool:
    """Whether a message is in progress before and after `given`.

    It takes a statement only when this process has not seen the message in progress.
    """
    in_progress = ChatMessage.Status.IN_PROGRESS
    message: Any
    if message_id is not None:
        grows = given.get("status") in (None, in_progress)
        message, known = message_id, Q(pk=message_id)
    else:
        # An appended message is complete unless its status says otherwise.
        message = client_id_of(given)
        is_name = isinstance(message, str) and "\x00" not in message
        grows = is_name and given.get("status") == in_progress
        known = Q(client_id=message)
    if not grows:
        return False
    if growing.was_growing(owner.user_id, session_id, message):
        return True
    messages = ChatMessage.objects.filter(known, session_id=session_id, user_id=owner.user_id)
    return messages.filter(status=in_progress).exists()
