"""The origin of a change: who makes it, from where and when."""

from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request

from accounts.models import AuditEntry
from accounts.principals.principal import Principal
from gatewayz.request.client_address import client_address
from gatewayz.request.context import current_request, current_request_id


@dataclass(frozen=True)
class Origin:
    """The actor of a change and their address, empty if unknown; unknown ids are None."""

    channel: AuditEntry.Channel
    user_id: int | None = None
    key_id: int | None = None
    address: str = ""
    request_id: str = ""
    at: datetime = field(default_factory=timezone.now)


def current_origin() -> Origin:
    """Return the origin of the current request; outside a request, a command or worker."""
    request = current_request()
    if request is None:
        return Origin(AuditEntry.Channel.COMMAND)
    user = getattr(request, "user", None)
    if isinstance(user, Principal):
        return origin_of(user, request)
    address, request_id = client_address(request), current_request_id()
    if user is not None and user.is_authenticated:
        return Origin(AuditEntry.Channel.ADMIN, user.pk, None, address, request_id)
    return Origin(AuditEntry.Channel.PUBLIC, address=address, request_id=request_id)


def origin_of(principal: Principal, request: HttpRequest | Request) -> Origin:
    """Return the origin of a request made with an API key."""
    return Origin(
        AuditEntry.Channel.API,
        principal.user_id,
        principal.key_id,
        client_address(request),
        current_request_id(),
    )
