"""Notifications triggered by activity; the worker checks for them after writing a batch."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from accounts.activity.events import Event
from accounts.background import failed_rows
from accounts.notifications.networks import KeyUse, remember_networks
from accounts.notifications.quotas import notify_of_key_quotas, notify_of_plan_quotas
from gatewayz.database.bad_rows import is_caused_by_rows, skipping_bad_rows

# With more failures in one batch, more is wrong than single rows: the check stops.
_MAX_BAD_ROWS = 100
# Each of these costs the worker a statement time-out while activity waits.
_MAX_LATE_ROWS = 3

Row = TypeVar("Row")


def notify_after_activity(events: Sequence[Event]) -> None:
    """Notify users of quotas and new networks after their activity has been written.

    Runs three checks, none of which stops another or the writing of activity. A check that fails
    for one user or key is done for the others; the failure is logged and counted. Three statements
    if there is nothing to notify, and one more while a key or a plan is nearly used up. May be
    called again with the same events.

    Raises django.db.Error when the database does not answer.
    """
    key_ids = {event.api_key_id for event in events if event.api_key_id is not None}
    uses = dict.fromkeys(
        KeyUse(event.api_key_id, event.network)
        for event in events
        if event.api_key_id is not None and event.network
    )
    users = sorted({event.user_id for event in events})
    _check("plan_quotas", notify_of_plan_quotas, users, "user {}".format)
    _check("key_quotas", notify_of_key_quotas, sorted(key_ids), "API key {}".format)
    _check("networks", remember_networks, list(uses), "API key {0.key_id}".format)


def _check(
    name: str,
    check: Callable[[Sequence[Row]], int],
    rows: Sequence[Row],
    named: Callable[[Row], str],
) -> None:
    def note(row: Row, error: Exception) -> None:
        failed_rows.record(name, named(row), error)

    try:
        skipping_bad_rows(rows, check, note, max_bad=_MAX_BAD_ROWS, max_late=_MAX_LATE_ROWS)
    except Exception as error:
        if not is_caused_by_rows(error):
            raise
        failed_rows.record(name, "all remaining rows", error)
