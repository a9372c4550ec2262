"""What `manage.py check --deploy` says of notifications."""

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage

from accounts.notifications.notices import sends_email


@checks.register(deploy=True)
def mail_server_is_set(**options: Any) -> list[CheckMessage]:
    """Warn when notifications can only go to webhooks."""
    if sends_email():
        return []
    return [
        checks.Warning(
            "EMAIL_URL is not set: no e-mail is sent.",
            hint="Set it to the mail server, such as smtp+tls://user:password@host:587.",
            id="accounts.W001",
        )
    ]
