"""Notifications by e-mail, each sent at most once.

A mail server cannot be asked whether it accepted a message. Only messages that it certainly did
not accept are therefore sent again: when it could not be reached, or deferred the message (4xx).
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

# Per mailbox, for each kind, in any 24 hours. The kinds are counted separately: somebody with a
# stolen key cannot use up the limit with one kind to hide another from the key's owner.
NOTIFICATIONS_A_DAY = 20
_DAY_SECONDS = 86_400

# Constant texts, because people and filters read the subject before opening a message. It must not
# contain text from a user, such as the name of a key.
SUBJECTS = {
    Notification.Kind.KEY_CREATED.value: "Gatewayz: a new API key",
    Notification.Kind.KEY_EXPIRING.value: "Gatewayz: an API key expires soon",
    Notification.Kind.KEY_NEW_NETWORK.value: "Gatewayz: an API key was used from a new network",
    Notification.Kind.QUOTA_WARNING.value: "Gatewayz: most of a quota is used",
    Notification.Kind.QUOTA_REACHED.value: "Gatewayz: a quota is used up",
    Notification.Kind.USAGE_REPORT.value: "Gatewayz: your usage",
    Notification.Kind.TEST.value: "Gatewayz: a test",
}


def send(notification: Notification) -> Notification.Status:
    """Send a notification to its user's address. Returns `sent`: a mail server accepted it.

    Raises DeliveryError, and redis.exceptions.RedisError with RATE_LIMITS_FAIL_OPEN off.
    """
    address = notification.user.email
    if address is None or notification.user.email_verified_at is None:
        raise DeliveryError("The user has no verified e-mail address.", may_retry=False)
    is_first = notification.attempts <= 1
    if is_first and not within_daily_limit(address, notification.kind, NOTIFICATIONS_A_DAY):
        raise DeliveryError("The mailbox has received too many of these today.", may_retry=False)
    send_message(address, SUBJECTS[notification.kind], render(notification))
    return Notification.Status.SENT


def within_daily_limit(address: str, kind: str, a_day: int) -> bool:
    """Count a message to the mailbox of `address`; False if it has had `a_day` of this kind.

    Raises redis.exceptions.RedisError with RATE_LIMITS_FAIL_OPEN off.
    """
    scope = f"mail_{kind}"
    return hit(scope, mailbox_of(address), limit=a_day, window_seconds=_DAY_SECONDS).allowed


def send_message(address: str, subject: str, body: str) -> None:
    """Hand a message to the mail server. Raises DeliveryError."""
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        raise DeliveryError("The mail server did not answer.", may_retry=True) from error
    message = EmailMessage(
        subject,
        body,
        to=[address],
        connection=connection,
        # Prevents out-of-office replies (RFC 3834).
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _rejected(max(codes)) from error
    except SMTPResponseException as error:
        raise _rejected(error.smtp_code) from error
    except (SMTPNotSupportedError, ValueError) as error:
        raise DeliveryError("The e-mail address is not usable.", may_retry=False) from error
    except OSError as error:
        raise DeliveryError(
            "The mail server did not say whether it accepted the message.", may_retry=False
        ) from error
    finally:
        with suppress(OSError):
            connection.close()


def render(notification: Notification) -> str:
    """Return the text of a notification."""
    details = _on_one_line(notification.details)
    text = render_to_string(
        f"accounts/notifications/{notification.kind}.txt", {"user": notification.user, **details}
    )
    return text.strip() + "\n"


def _on_one_line(details: Any) -> Any:
    """Replace line breaks in `details`, which names of keys and models may contain."""
    if isinstance(details, dict):
        return {name: _on_one_line(value) for name, value in details.items()}
    if isinstance(details, list):
        return [_on_one_line(value) for value in details]
    return " ".join(details.split()) if isinstance(details, str) else details


def _rejected(code: int) -> DeliveryError:
    return DeliveryError(
        f"The mail server rejected the message ({code}).", may_retry=400 <= code < 500
    )
