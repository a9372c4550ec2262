"""Scopes of an API key: `{"chat": ["read", "write"]}`, levels by resource.

`read` allows what changes nothing, `write` what changes something, and neither includes the other;
`admin` includes both, and what cannot be undone. A key without any scopes may do everything.

Resources are parts of the API: `chat`; `activity`, the log and its totals; `keys`, where `write`
creates, changes, rotates and deletes keys, within the bounds of the calling key
(accounts.keys.bounds); `limits`, the rate limits of keys; `plan`, with usage and entitlements;
`audit`, the audit log; `notifications`; `referrals`; `profile`, the user's own data and, at
`admin`, its export, its erasure and the password.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

RESOURCES = frozenset(
    {
        "activity",
        "audit",
        "chat",
        "keys",
        "limits",
        "notifications",
        "plan",
        "profile",
        "referrals",
    }
)
LEVELS = frozenset({"read", "write", "admin"})

Scopes = Mapping[str, Sequence[str]]


def allows(scopes: Scopes, resource: str | None, level: str) -> bool:
    """Whether a key with these scopes may use `resource` at `level`, `read` or `write`."""
    if not scopes:
        return True
    levels = scopes.get(resource or "", ())
    return level in levels or "admin" in levels


def covers(scopes: Scopes, others: Scopes) -> bool:
    """Whether a key with these scopes may do everything that one with the `others` may."""
    if not scopes or not others:
        return not scopes
    return all(
        "admin" in scopes.get(resource, ()) or set(levels) <= set(scopes.get(resource, ()))
        for resource, levels in others.items()
    )


def validate_scopes(given: Any) -> None:
    """Raise django's ValidationError unless `given` has the form described above."""
    if not isinstance(given, dict):
        raise ValidationError('This must be an object such as {"chat": ["read"]}.')
    for resource, levels in given.items():
        if resource not in RESOURCES:
            raise ValidationError(f"{resource!r} is not one of {', '.join(sorted(RESOURCES))}.")
        if not isinstance(levels, list) or not levels or not LEVELS.issuperset(map(str, levels)):
            raise ValidationError(
                f"{resource}: this must be a list of {', '.join(sorted(LEVELS))}."
            )
