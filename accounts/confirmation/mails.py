"""The messages about an address itself: the only ones to an address that is not verified.

Anybody may have one sent by typing the address in. So the request does the same for every
address: it counts, and leaves a task, sealed. The worker looks whose the address is and decides
what to send, if anything; nothing of that can be seen or timed from outside.

Nothing that was typed in is in a message, not even the address: `ada+words@` reaches ada too.
"""

import logging
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from django.conf import settings
from django.template.loader import render_to_string
from rest_framework.exceptions import PermissionDenied

from accounts import background
from accounts.confirmation.links import (
    LINK_HOURS,
    AddressLink,
    Link,
    PasswordLink,
    seal,
    state_of,
    unseal,
)
from accounts.models import User
from accounts.notifications import emails
from accounts.notifications.delivery_error import DeliveryError
from accounts.notifications.notices import sends_email

logger = logging.getLogger(__name__)

# Of each of the kinds below, into one mailbox, in any 24 hours.
MAILS_A_DAY = 5

MAX_ATTEMPTS = 5
# Between one attempt and the next: 1, 5, 25 and 125 minutes. Many mail servers put off the first
# message from somebody whom they do not know.
_BACKOFF_BASE = 5

_TASK = "accounts.confirmation.mails.send"


class SignUp(msgspec.Struct, frozen=True, tag=True):
    """Somebody wants an account with this address."""

    email: str


class Reset(msgspec.Struct, frozen=True, tag=True):
    """Somebody wants another password for the account with this address."""

    email: str


class Confirm(msgspec.Struct, frozen=True, tag=True):
    """A user, whose address is `before`, says that `email` is its address."""

    user_id: int
    before: str | None
    email: str


class Changed(msgspec.Struct, frozen=True, tag=True):
    """This address, which was verified, is not that of its user any more."""

    email: str


Mail = SignUp | Reset | Confirm | Changed


class Content(NamedTuple):
    """A template, which has a constant subject, and the link in it."""

    template: str
    link: Link | None = None


SUBJECTS = {
    "sign_up": "Gatewayz: confirm your e-mail address",
    "password": "Gatewayz: choose a password",
    "address": "Gatewayz: confirm your e-mail address",
    "changed": "Gatewayz: your e-mail address has changed",
}


def require_mail_server() -> None:
    """Raise PermissionDenied (403, `no_mail_server`) when this service sends no e-mail."""
    if not sends_email():
        raise PermissionDenied(
            "This service sends no e-mail. Ask its operator instead.", code="no_mail_server"
        )


def enqueue(mail: Mail) -> None:
    """Have a worker send `mail`, unless its mailbox got MAILS_A_DAY of its kind already.

    The caller does not learn whether it is sent, nor does it take longer when it is.

    Raises redis.exceptions.RedisError when the queue does not take it.
    """
    if emails.within_daily_limit(mail.email, type(mail).__name__, MAILS_A_DAY):
        background.enqueue(_TASK, seal(mail))


def send(sealed: str, attempt: int = 1) -> None:
    """Send what was sealed, if it is still to be sent; the task of a worker.

    What the mail server surely did not take is tried again later.

    Raises django.db.Error.
    """
    mail: Mail | None = unseal(sealed, Mail)
    content = None if mail is None else _content_of(mail)
    if mail is None or content is None:
        return
    body = render_to_string(
        f"accounts/confirmation/{content.template}.txt",
        {
            "link": content.link and _url(content.link),
            "hours": LINK_HOURS,
            "service": settings.PUBLIC_URL,
        },
    )
    try:
        emails.send_message(mail.email, SUBJECTS[content.template], body.strip() + "\n")
    except DeliveryError as undelivered:
        if undelivered.may_retry and attempt < MAX_ATTEMPTS:
            minutes = _BACKOFF_BASE ** (attempt - 1)
            background.enqueue_later(minutes * 60, _TASK, sealed, attempt + 1)
        else:
            logger.warning("A message about an address was given up: %s", undelivered)


def _content_of(mail: Mail) -> Content | None:
    """What is sent, by whose the address is now. None: nothing."""
    if isinstance(mail, Changed):
        return Content("changed")
    account: User | None = User.objects.with_email(mail.email).verified().first()
    if isinstance(mail, Confirm):
        return _content_to_confirm(mail, account)
    if account is None and isinstance(mail, SignUp):
        return Content("sign_up", PasswordLink(mail.email, state_of(None)))
    if account is None or not account.may_reset_password:
        return None
    return Content("password", PasswordLink(mail.email, state_of(account)))


def _content_to_confirm(mail: Confirm, account: User | None) -> Content | None:
    if account is not None:
        return None
    waiting = User.objects.filter(pk=mail.user_id, is_active=True).with_email(mail.before)
    if not waiting.exists():
        return None
    return Content("address", AddressLink(mail.user_id, mail.before, mail.email))


def _url(link: Link) -> str:
    return f"{settings.PUBLIC_URL}/auth/link?{urlencode({'token': seal(link)})}"
