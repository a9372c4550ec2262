"""Who acts, and from where."""

from dataclasses import dataclass

from accounts.models import AuditEntry
from accounts.principal import Principal
from gatewayz.client_address import client_address
from gatewayz.request_context import current_request, current_request_id


@dataclass(frozen=True)
class Origin:
    """`address` is the client's, empty when there is none; the ids are None when unknown."""

    channel: AuditEntry.Channel
    user_id: int | None = None
    key_id: int | None = None
    address: str = ""
    request_id: str = ""


def current_origin() -> Origin:
    """The origin of the request being answered; outside one, a command or a worker."""
    request = current_request()
    if request is None:
        return Origin(AuditEntry.Channel.COMMAND)
    user = getattr(request, "user", None)
    address, request_id = client_address(request), current_request_id()
    if isinstance(user, Principal):
        channel, key_id = AuditEntry.Channel.API, user.key_id
    elif user is not None and user.is_authenticated:
        channel, key_id = AuditEntry.Channel.ADMIN, None
    else:
        return Origin(AuditEntry.Channel.PUBLIC, address=address, request_id=request_id)
    return Origin(channel, user.pk, key_id, address, request_id)
