"""Creating notifications: once per cause, on the channels that the user wants."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import Notification

_NO_EMAIL = "django.core.mail.backends.dummy.EmailBackend"
_USAGE_ALERTS = [Notification.Kind.QUOTA_WARNING.value, Notification.Kind.QUOTA_REACHED.value]


@dataclass(frozen=True)
class Notice:
    """A reason to notify one user: a Notification.Kind and the cause.

    A user is notified of the same `cause` (at most 200 characters) only once, ever. `details` must
    be JSON; see the templates for the names that they use.
    """

    user_id: int
    kind: Notification.Kind
    cause: str
    details: dict[str, Any]


# Inserts in a fixed order, so that workers notifying the same users do not deadlock.
_NOTIFY = """
INSERT INTO notifications (
    user_id, kind, cause, channel, details, status, error, attempts, created_at, due_at
)
SELECT
    users.id, notice.kind, notice.cause, channel.name, notice.details::jsonb, 'pending', '', 0,
    now(), now()
FROM unnest(%(users)s::bigint[], %(kinds)s::text[], %(causes)s::text[], %(details)s::text[])
    AS notice (user_id, kind, cause, details)
JOIN users ON users.id = notice.user_id AND users.is_active
LEFT JOIN notification_preferences AS wish ON wish.user_id = users.id
CROSS JOIN LATERAL (VALUES
    (
        'email',
        %(sends_email)s AND users.email IS NOT NULL AND users.email_verified_at IS NOT NULL
            AND COALESCE(wish.email_notifications, true)
    ),
    ('webhook', wish.webhook_url IS NOT NULL)
) AS channel (name, is_wanted)
WHERE channel.is_wanted
    AND (notice.kind <> ALL (%(usage_alerts)s) OR COALESCE(wish.usage_alerts, true))
ORDER BY users.id, notice.cause, channel.name
ON CONFLICT (user_id, cause, channel) DO NOTHING
RETURNING id
"""


def notify(notices: Sequence[Notice]) -> list[int]:
    """Create notifications, to be sent once the surrounding transaction commits; one statement.

    Skips inactive users, opt-outs and causes already notified. Returns the ids of the new
    notifications.

    Raises django.db.Error.
    """
    if not notices:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTIFY,
            {
                "users": [notice.user_id for notice in notices],
                "kinds": [notice.kind.value for notice in notices],
                "causes": [notice.cause for notice in notices],
                "details": [json.dumps(notice.details) for notice in notices],
                "sends_email": sends_email(),
                "usage_alerts": _USAGE_ALERTS,
            },
        )
        return [notification_id for (notification_id,) in cursor.fetchall()]


def sends_email() -> bool:
    """Whether a mail server is configured (EMAIL_URL)."""
    return bool(settings.EMAIL_BACKEND != _NO_EMAIL)
