"""Everything that the worker does on a schedule, in one list.

`migrate` brings the list into django-q2's table: see `accounts.apps`. The admin shows that table
and cannot change it. A schedule that leaves this list needs a migration that deletes its row.
"""

from typing import Any, TypedDict

from django.db import connections
from django.db.migrations import Migration
from django_q.models import Schedule


class Timing(TypedDict, total=False):
    """When a function runs; `minutes` is for `Schedule.MINUTES`."""

    schedule_type: str
    minutes: int


def _every(minutes: int) -> Timing:
    return {"schedule_type": Schedule.MINUTES, "minutes": minutes}


_HOURLY: Timing = {"schedule_type": Schedule.HOURLY}
_DAILY: Timing = {"schedule_type": Schedule.DAILY}

# Functions are dotted paths because those of `chat` may not be imported here.
SCHEDULES: dict[str, tuple[str, Timing]] = {
    "sweep activity": ("accounts.worker.drain.sweep", _every(1)),
    "prune activity": ("accounts.activity.retention.prune_expired", _DAILY),
    "erase users": ("accounts.profile.erasure.erase_remaining", _HOURLY),
    "sweep notifications": ("accounts.notifications.delivery.sweep", _every(1)),
    "notify of expiring keys": (
        "accounts.notifications.expiring_keys.notify_of_expiring_keys",
        _HOURLY,
    ),
    "complete referrals": ("accounts.referrals.bonuses.complete_referrals", _every(5)),
    "prune notifications": ("accounts.notifications.retention.prune_expired", _DAILY),
    "purge idempotency keys": ("chat.idempotency.purge_expired_keys", _HOURLY),
    "purge deleted chats": ("chat.sessions.retention.purge_expired", _DAILY),
    "count chats by day": ("chat.daily_counts.count_days", _every(10)),
}


def write_schedules(
    using: str, plan: list[tuple[Migration, bool]], **signal_arguments: Any
) -> None:
    """Bring SCHEDULES into the table of database `using`: a receiver of `post_migrate`.

    Not after a step backwards in `plan`: then an older release is about to run, whose functions
    have the names that its migrations give them.
    """
    is_backwards = any(backwards for _, backwards in plan)
    tables = connections[using].introspection.table_names()
    if is_backwards or Schedule._meta.db_table not in tables:
        return
    for name, (function, timing) in SCHEDULES.items():
        Schedule.objects.using(using).update_or_create(
            name=name, defaults={"func": function, "repeats": -1, **timing}
        )
