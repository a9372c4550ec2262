"""What the use of keys gives cause to tell: looked at by the worker that adds it up."""

import logging
from collections.abc import Sequence

from django.db import Error, InterfaceError, OperationalError

from accounts.activity.events import Event
from accounts.notifications.networks import Use, learn_networks
from accounts.notifications.quotas import tell_of_key_quotas, tell_of_plan_quotas

logger = logging.getLogger(__name__)


def look_at(events: Sequence[Event]) -> None:
    """Tell users what these events, which are added up, give cause to tell.

    Three statements for a batch that gives none; one more while a key, and one while a plan, is
    nearly used. May be called again with the same events.

    Raises django.db.OperationalError or InterfaceError when the database does not answer. Any
    other error of the database is logged: it must not keep activity from being written.
    """
    key_ids = {event.api_key_id for event in events if event.api_key_id is not None}
    uses = dict.fromkeys(
        Use(event.api_key_id, event.network)
        for event in events
        if event.api_key_id is not None and event.network
    )
    try:
        tell_of_plan_quotas({event.user_id for event in events})
        if key_ids:
            tell_of_key_quotas(key_ids)
        if uses:
            learn_networks(uses)
    except (OperationalError, InterfaceError):
        raise
    except Error:
        logger.exception("Users could not be told of the use of their keys")
