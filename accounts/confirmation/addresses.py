"""Making an e-mail address that somebody has confirmed the address of a user."""

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
    """Send a link to `email`; opening it makes `email` the address of `user`.

    Returns False, and sends nothing, when `user` already has that verified address. Otherwise the
    caller learns nothing: whether or not the address belongs to somebody else, the call takes as
    long and counts as one change.

    Raises PermissionDenied (403) without a mail server and LimitExceeded (429) beyond
    CHANGES_A_DAY, neither for the user's own address, which clients send back with the profile;
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
    """Return the user that `link` is for, while it is unused. Raises DeadLink (400)."""
    return _unconfirmed_user(link, for_update=False)


def confirm_address(link: AddressLink, password: str) -> User:
    """Make the address in `link` the user's verified address, and notify the previous one.

    Another user who entered the address without verifying it loses it. If the user has a password,
    it must be `password`: the link proves who reads the mailbox, the password proves who owns the
    account, and both must be the same person.

    Raises DeadLink (400) when the link has been used or somebody else has verified the address
    meanwhile, and ValidationError for a wrong password.
    """
    try:
        with transaction.atomic():
            user = _unconfirmed_user(link, for_update=True)
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
                before={"email": link.before},
                after={"email": link.email},
            )
            if old is not None:
                notify_old_address(old)
    except IntegrityError as exc:
        raise DeadLink from exc
    return user


def notify_old_address(email: str) -> None:
    """Notify a verified address, on commit, that its user has changed to another one."""
    if sends_email():
        send = partial(mails.enqueue, mails.Changed(email))
        after_commit(send, in_doubt=send)


def _unconfirmed_user(link: AddressLink, *, for_update: bool) -> User:
    users = User.objects.filter(pk=link.user_id, is_active=True).with_email(link.before)
    user: User | None = (users.select_for_update(no_key=True) if for_update else users).first()
    if user is None or (link.before == link.email and user.email_verified_at is not None):
        raise DeadLink
    return user
