"""E-mails about an address itself: the only ones sent to addresses that are not verified.

Anybody can have one sent by entering an address. The request therefore does the same for every
address: it counts, and queues an encrypted task. The worker looks up whose address it is and
decides what to send, if anything; nothing of that can be observed or timed from outside.

A message contains nothing that was typed in, not even the address: `ada+words@` reaches ada too.
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

# Per mailbox, for each of the kinds below, in any 24 hours.
MAILS_A_DAY = 5

MAX_ATTEMPTS = 5
# Waits 1, 5, 25 and 125 minutes between attempts. Many mail servers defer the first message from
# an unknown sender.
_BACKOFF_BASE = 5

_TASK = "accounts.confirmation.mails.send"


class SignUp(msgspec.Struct, frozen=True, tag=True):
    """Somebody wants to create an account with this address."""

    email: str


class Reset(msgspec.Struct, frozen=True, tag=True):
    """Somebody wants to reset the password of the account with this address."""

    email: str


class Confirm(msgspec.Struct, frozen=True, tag=True):
    """A user whose address is `before` has entered `email` as the new one."""

    user_id: int
    before: str | None
    email: str


class Changed(msgspec.Struct, frozen=True, tag=True):
    """The user of this verified address has changed to another one."""

    email: str


Mail = SignUp | Reset | Confirm | Changed


class Content(NamedTuple):
    """The template of a message, which has a fixed subject, and the link in it."""

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
            "This service sends no e-mail. Ask its operator for help.", code="no_mail_server"
        )


def enqueue(mail: Mail) -> None:
    """Queue `mail` for a worker, unless its mailbox has reached MAILS_A_DAY of this kind.

    The caller learns neither from the result nor from the time taken whether it is sent.

    Raises redis.exceptions.RedisError when the queue does not accept it.
    """
    if emails.within_daily_limit(mail.email, type(mail).__name__, MAILS_A_DAY):
        background.enqueue(_TASK, seal(mail))


def send(sealed: str, attempt: int = 1) -> None:
    """Send an encrypted mail if there is still something to send; runs in a worker.

    Tries again later if the mail server certainly did not accept it.

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
    except DeliveryError as error:
        if error.may_retry and attempt < MAX_ATTEMPTS:
            minutes = _BACKOFF_BASE ** (attempt - 1)
            background.enqueue_later(minutes * 60, _TASK, sealed, attempt + 1)
        else:
            logger.warning("Gave up sending an e-mail about an address: %s", error)


def _content_of(mail: Mail) -> Content | None:
    """Decide what to send, by whose address it is now; None means nothing."""
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
