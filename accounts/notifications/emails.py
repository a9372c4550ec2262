"""Notifications by e-mail: at most once each.

A mail server gives no way to ask whether it took a message. So only what it surely did not take
is tried again: when it cannot be reached, and when it said "not now" (4xx).
"""

from contextlib import suppress
from smtplib import (
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from accounts.limits import hit
from accounts.models import Notification
from accounts.notifications.delivery_error import DeliveryError
from accounts.principals.email_addresses import mailbox_of

# Of one kind, into one mailbox, in any 24 hours. Kinds do not use up each other's: whoever has
# a key cannot keep its owner from hearing of it by causing messages of another kind.
NOTIFICATIONS_A_DAY = 20
_DAY_SECONDS = 86_400

# Constants: a subject is read by people who have not opened the message, and by filters. No word
# of a user, such as the name of a key, may be in one.
SUBJECTS = {
    Notification.Kind.KEY_CREATED.value: "Gatewayz: a new API key",
    Notification.Kind.KEY_EXPIRING.value: "Gatewayz: an API key ends soon",
    Notification.Kind.KEY_NEW_NETWORK.value: "Gatewayz: an API key was used from a new network",
    Notification.Kind.QUOTA_WARNING.value: "Gatewayz: most of a quota is used",
    Notification.Kind.QUOTA_REACHED.value: "Gatewayz: a quota is used up",
    Notification.Kind.USAGE_REPORT.value: "Gatewayz: your usage",
    Notification.Kind.TEST.value: "Gatewayz: a test",
}


def send(notification: Notification) -> Notification.Status:
    """Send it to its user's address. Returns `sent`: a mail server has it.

    Raises DeliveryError, and redis.exceptions.RedisError with RATE_LIMITS_FAIL_OPEN off.
    """
    address = notification.user.email
    if address is None or notification.user.email_verified_at is None:
        raise DeliveryError("The user has no verified e-mail address.", may_retry=False)
    is_first = notification.attempts <= 1
    if is_first and not within_daily_limit(address, notification.kind, NOTIFICATIONS_A_DAY):
        raise DeliveryError("The mailbox got too many of these in a day.", may_retry=False)
    send_message(address, SUBJECTS[notification.kind], render(notification))
    return Notification.Status.SENT


def within_daily_limit(address: str, kind: str, a_day: int) -> bool:
    """Count a message of a kind to the mailbox of `address`, unless it got `a_day` already.

    Raises redis.exceptions.RedisError with RATE_LIMITS_FAIL_OPEN off.
    """
    scope = f"mail_{kind}"
    return hit(scope, mailbox_of(address), limit=a_day, window_seconds=_DAY_SECONDS).allowed


def send_message(address: str, subject: str, body: str) -> None:
    """Give a message to the mail server. Raises DeliveryError."""
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        raise DeliveryError("The mail server does not answer.", may_retry=True) from error
    message = EmailMessage(
        subject,
        body,
        to=[address],
        connection=connection,
        # So that nobody's absence is announced in answer to it (RFC 3834).
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _refused(max(codes)) from error
    except SMTPResponseException as error:
        raise _refused(error.smtp_code) from error
    except (SMTPNotSupportedError, ValueError) as error:
        raise DeliveryError("The e-mail address cannot be written to.", may_retry=False) from error
    except OSError as error:
        raise DeliveryError(
            "The mail server did not say whether it took the message.", may_retry=False
        ) from error
    finally:
        with suppress(OSError):
            connection.close()


def render(notification: Notification) -> str:
    """The text of a notification."""
    details = _in_lines(notification.details)
    text = render_to_string(
        f"accounts/notifications/{notification.kind}.txt", {"user": notification.user, **details}
    )
    return text.strip() + "\n"


def _in_lines(details: Any) -> Any:
    """`details` without line breaks, which the names of keys and models may hold."""
    if isinstance(details, dict):
        return {name: _in_lines(value) for name, value in details.items()}
    if isinstance(details, list):
        return [_in_lines(value) for value in details]
    return " ".join(details.split()) if isinstance(details, str) else details


def _refused(code: int) -> DeliveryError:
    return DeliveryError(
        f"The mail server refused the message ({code}).", may_retry=400 <= code < 500
    )
