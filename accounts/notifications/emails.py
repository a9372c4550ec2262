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

from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from accounts.models import Notification
from accounts.notifications.undelivered import Undelivered


def send(notification: Notification) -> Notification.Status:
    """Send it to its user's address. Returns `sent`: a mail server has it.

    Raises Undelivered.
    """
    address = notification.user.email
    if address is None:
        raise Undelivered("The user has no e-mail address.", may_try_again=False)
    subject, body = render(notification)
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        raise Undelivered("The mail server does not answer.", may_try_again=True) from error
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
        raise Undelivered(
            "The e-mail address cannot be written to.", may_try_again=False
        ) from error
    except OSError as error:
        raise Undelivered(
            "The mail server did not say whether it took the message.", may_try_again=False
        ) from error
    finally:
        with suppress(OSError):
            connection.close()
    return Notification.Status.SENT


def render(notification: Notification) -> tuple[str, str]:
    """The subject and the text of a notification: the first line of its template, and the rest."""
    # The names that users give to keys may hold line breaks.
    details = {
        name: " ".join(value.split()) if isinstance(value, str) else value
        for name, value in notification.details.items()
    }
    text = render_to_string(
        f"accounts/notifications/{notification.kind}.txt", {"user": notification.user, **details}
    )
    subject, _, body = text.strip().partition("\n")
    return subject, body.strip() + "\n"


def _refused(code: int) -> Undelivered:
    return Undelivered(
        f"The mail server refused the message ({code}).", may_try_again=400 <= code < 500
    )
