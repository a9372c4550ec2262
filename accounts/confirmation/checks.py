"""Deployment checks (`manage.py check --deploy`) of e-mail and of signing up by e-mail."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.http.request import validate_host

from accounts.notifications.notices import sends_email


@checks.register(deploy=True)
def mail_server_is_set(**options: Any) -> list[CheckMessage]:
    """Warn when notifications can only go to webhooks."""
    if sends_email():
        return []
    return [
        checks.Warning(
            "EMAIL_URL is not set: no e-mail is sent, so nobody can sign up by e-mail, confirm an "
            "address or reset a password.",
            hint="Set it to your mail server, such as smtp+tls://user:password@host:587.",
            id="accounts.W001",
        )
    ]


@checks.register(deploy=True)
def sign_ups_are_confirmed(**options: Any) -> list[CheckMessage]:
    """Warn when signing up reveals whether an address has an account."""
    if settings.SIGN_UP_CONFIRMS_EMAIL or not settings.EMAIL_SIGN_UP:
        return []
    return [
        checks.Warning(
            "SIGN_UP_CONFIRMS_EMAIL is off: anybody can find out which addresses have an "
            "account, and can create one with an address that is not theirs.",
            hint="Switch it on once your clients accept 202 as the answer to a sign-up.",
            id="accounts.W002",
        )
    ]


@checks.register(deploy=True)
def links_lead_here(**options: Any) -> list[CheckMessage]:
    """Warn when the host in e-mailed links is not one that this service answers."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if validate_host(host, settings.ALLOWED_HOSTS):
        return []
    return [
        checks.Warning(
            f"PUBLIC_URL leads to {host}, which is not in ALLOWED_HOSTS.",
            hint="Set it to the URL of this service: links in e-mails begin with it.",
            id="accounts.W003",
        )
    ]
