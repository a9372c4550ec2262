"""Fields that clients of the old service expect in preferences. See gatewayz.api.old_shapes."""

from typing import Any

from accounts.models import NotificationPreferences
from gatewayz.api.old_shapes import OldShape, status

# There are no trials any more, and so no reminders of their end.
TRIAL_EXPIRY_REMINDER_DAYS = 1


def preferences(kept: NotificationPreferences) -> OldShape:
    """The preferences, flat."""

    def shape(data: dict[str, Any]) -> dict[str, Any]:
        return {
            **status(),
            "user_id": kept.user_id,
            **data,
            "trial_expiry_reminder_days": TRIAL_EXPIRY_REMINDER_DAYS,
            "created_at": kept.updated_at,
            "updated_at": kept.updated_at,
        }

    return shape
