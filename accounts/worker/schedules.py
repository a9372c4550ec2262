"""The worker's schedules, in one list.

`migrate` copies the list to django-q2's table: see `accounts.apps`. The admin shows that table
read-only. Removing a schedule from this list needs a migration that deletes its row.
"""

from typing import Any, TypedDict

from django.db import connections
from django.db.migrations import Migration
from django_q.models import Schedule


class Timing(TypedDict, total=False):
    """When a function runs; `minutes` goes with `Schedule.MINUTES`."""

    schedule_type: str
    minutes: int


def _every(minutes: int) -> Timing:
    return {"schedule_type": Schedule.MINUTES, "minutes": minutes}


_HOURLY: Timing = {"schedule_type": Schedule.HOURLY}
_DAILY: Timing = {"schedule_type": Schedule.DAILY}

# Functions are dotted paths, because those of `chat` must not be imported here.
SCHEDULES: dict[str, tuple[str, Timing]] = {
    "sweep activity": ("accounts.worker.drain.sweep", _every(1)),
    "add weeks to the activity log": ("accounts.activity.partitions.add_weeks", _HOURLY),
    "prune activity": ("accounts.activity.retention.prune_expired", _HOURLY),
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
    "index chats": ("chat.search.index.index_pending", _every(1)),
    "report key cache": ("accounts.access.effectiveness.report", _DAILY),
    "delete old chats": ("chat.sessions.retention.delete_old", _DAILY),
    "end temporary chats": ("chat.sessions.retention.end_temporary", _every(1)),
    "go on with imports": ("chat.transfer.jobs.run", _every(1)),
    "prune imports": ("chat.transfer.jobs.prune", _HOURLY),
    "count chats by day": ("chat.daily_counts.count_days", _every(10)),
}


def write_schedules(
    using: str, plan: list[tuple[Migration, bool]], **signal_arguments: Any
) -> None:
    """Copy SCHEDULES to the table of database `using`; a receiver of `post_migrate`.

    Does nothing after a backward step in `plan`: an older release is then about to run, and its
    migrations set the function names that it knows.
    """
    is_backwards = any(backwards for _, backwards in plan)
    tables = connections[using].introspection.table_names()
    if is_backwards or Schedule._meta.db_table not in tables:
        return
    for name, (function, timing) in SCHEDULES.items():
        Schedule.objects.using(using).update_or_create(
            name=name, defaults={"func": function, "repeats": -1, **timing}
        )
