"""Telling users what happens to their keys and quotas, by e-mail and webhook.

`notices` writes down what a user is to be told, once per cause; `delivery` has the courier send it
by `emails` and `webhooks`. `quotas`, `networks` and `expiring_keys` find causes, off the request
path.
"""

from accounts.notifications.notices import Notice, notify

__all__ = ["Notice", "notify"]
