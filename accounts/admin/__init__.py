"""The admin pages of accounts; each module registers the pages of one kind of row."""

from accounts.admin import (
    activity,
    api_keys,
    audit,
    groups,
    notifications,
    plans,
    referrals,
    tasks,
    users,
)

__all__ = [
    "activity",
    "api_keys",
    "audit",
    "groups",
    "notifications",
    "plans",
    "referrals",
    "tasks",
    "users",
]
