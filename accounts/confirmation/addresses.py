"""Making an address that somebody has confirmed the address of a user."""

from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts import audit
from accounts.confirmation import mails
from accounts.confirmation.links import AddressLink, DeadLink
from accounts.limits import LimitExceeded, hit
from accounts.models import User
from accounts.notifications.notices import sends_email
from accounts.principals.email_addresses import canonical
from accounts.users import release_address
from gatewayz.database.after_commit import after_commit

CHANGES_A_DAY = 10
_DAY_SECONDS = 86_400


def ask_to_confirm(user: User, email: str) -> bool:
    """Send a link to `email`, by which it becomes the address of `user`.

    Nothing is sent, and False returned, when it is that already. Else the caller learns nothing:
    it takes as long, and counts, whether the address is somebody else's or not.

    Raises PermissionDenied (403) without a mail server and LimitExceeded (429) after
    CHANGES_A_DAY, both not for the user's own address, which clients send back with the profile;
    and redis.exceptions.RedisError.
    """
    if canonical(user.email or "") != email:
        mails.require_mail_server()
        _count_change(user)
    elif user.email_verified_at is not None or not sends_email():
        return False
    mails.enqueue(mails.Confirm(user.pk, user.email, email))
    return True


def _count_change(user: User) -> None:
    decision = hit(
        "address_changes", str(user.pk), limit=CHANGES_A_DAY, window_seconds=_DAY_SECONDS
    )
    if not decision.allowed:
        raise LimitExceeded(decision)


def user_to_confirm(link: AddressLink) -> User:
    """The user whom `link` is for, while it waits. Raises DeadLink (400)."""
    return _waiting(link, for_update=False)


def confirm_address(link: AddressLink, password: str) -> User:
    """Make the address of `link` that of its user, verified, and tell the one before it.

    Whoever has typed the address in before without confirming it loses it. When the user has a
    password, it must be `password`: the link shows who reads the address, the password who has
    the account, and only when both are the same person may one lead to the other.

    Raises DeadLink (400) when it has been used, or somebody else has confirmed the address
    meanwhile, and ValidationError for another password.
    """
    try:
        with transaction.atomic():
            user = _waiting(link, for_update=True)
            if user.has_usable_password() and not user.check_password(password):
                audit.record_wrong_password(user.pk)
                raise ValidationError({"password": ["This is not the password of the account."]})
            old = user.email if user.email_verified_at is not None else None
            release_address(link.email, but=user.pk)
            user.email = link.email
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email", "email_verified_at", "updated_at"])
            audit.record(
                "address_verified",
                user_id=user.pk,
                target=audit.user_target(user.pk),
                before={"email": link.before},
                after={"email": link.email},
            )
            if old is not None:
                notify_old_address(old)
    except IntegrityError as exc:
        raise DeadLink from exc
    return user


def notify_old_address(email: str) -> None:
    """Tell an address, which was verified, that its user has another one, after the commit."""
    if sends_email():
        send = partial(mails.enqueue, mails.Changed(email))
        after_commit(send, in_doubt=send)


def _waiting(link: AddressLink, *, for_update: bool) -> User:
    users = User.objects.filter(pk=link.user_id, is_active=True).with_email(link.before)
    user: User | None = (users.select_for_update(no_key=True) if for_update else users).first()
    if user is None or (link.before == link.email and user.email_verified_at is not None):
        raise DeadLink
    return user
