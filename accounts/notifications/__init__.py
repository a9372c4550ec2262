"""Notifying users about their keys and quotas, by e-mail and webhook.

`notices` stores what to notify a user about, once per cause; the courier sends it through
`delivery`, by `emails` and `webhooks`. `quotas`, `networks` and `expiring_keys` find causes,
outside the request path; `activity_checks` runs the first two.
"""

from accounts.notifications.notices import Notice, notify

__all__ = ["Notice", "notify"]
