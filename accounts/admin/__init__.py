"""Accounts for operators: each module registers the pages of its noun."""

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
