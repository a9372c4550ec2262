"""Reading and changing how a user wants to be notified."""

from typing import Any

from accounts.models import NotificationPreferences
from accounts.principals.principal import Principal


def preferences_of(owner: Principal) -> NotificationPreferences:
    """Return the preferences of `owner`, or unsaved defaults."""
    kept = NotificationPreferences.objects.filter(user_id=owner.user_id).first()
    return kept or NotificationPreferences(user_id=owner.user_id)


def set_preferences(owner: Principal, **changed: Any) -> NotificationPreferences:
    """Set the given fields; the others stay unchanged."""
    preferences, _ = NotificationPreferences.objects.update_or_create(
        user_id=owner.user_id, defaults=changed
    )
    return preferences
