"""What an API key may do: `{"chat": ["read", "write"]}`, a resource and the levels of it.

Each level stands for itself: `read` for what changes nothing, `write` for what does; `admin` is
both, and what cannot be undone. A key without any scopes may do everything.

The resources are the parts of the API: `chat`; `activity`, the log and its sums; `keys`, where
`write` makes, changes, rotates and deletes keys, though none that may do more than the key that
asks (accounts.keys.bounds); `limits`, the rate limits of keys; `plan`, with usage and
entitlements; `audit`, the audit trail; `notifications`; `referrals`; `profile`, the user's own
data and, at `admin`, its export, its erasure and the password.
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
    """Whether a key with these scopes may do all that one with the `others` may."""
    if not scopes or not others:
        return not scopes
    return all(
        "admin" in scopes.get(resource, ()) or set(levels) <= set(scopes.get(resource, ()))
        for resource, levels in others.items()
    )


def validate_scopes(given: Any) -> None:
    """Raise django's ValidationError unless `given` is of the form above."""
    if not isinstance(given, dict):
        raise ValidationError('Scopes are an object such as {"chat": ["read"]}.')
    for resource, levels in given.items():
        if resource not in RESOURCES:
            raise ValidationError(f"{resource!r} is none of {', '.join(sorted(RESOURCES))}.")
        if not isinstance(levels, list) or not levels or not LEVELS.issuperset(map(str, levels)):
            raise ValidationError(f"{resource}: a list of {', '.join(sorted(LEVELS))}.")
