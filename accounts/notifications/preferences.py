"""How a user wants to be told."""

from typing import Any

from accounts.models import NotificationPreferences
from accounts.principals.principal import Principal


def preferences_of(owner: Principal) -> NotificationPreferences:
    """What `owner` has set, or the defaults, which are not stored."""
    kept = NotificationPreferences.objects.filter(user_id=owner.user_id).first()
    return kept or NotificationPreferences(user_id=owner.user_id)


def set_preferences(owner: Principal, **changed: Any) -> NotificationPreferences:
    """Change what is given, by the names of the fields; the rest stays as it is."""
    preferences, _ = NotificationPreferences.objects.update_or_create(
        user_id=owner.user_id, defaults=changed
    )
    return preferences
