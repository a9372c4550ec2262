"""Writing down what users are to be told: once per cause, by the channels that they want."""

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
    """What one user is to be told: a Notification.Kind, and why.

    The same user is told of the same `cause` once, ever (200 characters at most). `details` must
    be JSON; the templates say what they read of it.
    """

    user_id: int
    kind: Notification.Kind
    cause: str
    details: dict[str, Any]


# In one order, so that workers that tell the same users at once do not wait for each other in a
# circle.
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
    """Have users told, once the surrounding transaction commits; one statement.

    Who is switched off, does not want it, or has been told of the cause before, is left out.
    Returns the ids of the notifications that are new.

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
    """Whether this service has a mail server: see EMAIL_URL."""
    return bool(settings.EMAIL_BACKEND != _NO_EMAIL)
