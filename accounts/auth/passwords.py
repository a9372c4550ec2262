"""Users who sign in with an e-mail address and a password."""

from functools import partial

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts import audit
from accounts.auth.errors import EmailTaken, SignInDenied
from accounts.confirmation import mails
from accounts.confirmation.links import DeadLink, PasswordLink, state_of
from accounts.keys import delete_key
from accounts.models import ApiKey, User
from accounts.notifications.notices import sends_email
from accounts.principals.principal import Principal
from accounts.users import create_user, made_up_username, release_address
from gatewayz.database.after_commit import after_commit


def user_with_password(email: str, password: str) -> User:
    """Return the user with this e-mail address, in any spelling, and this password.

    Raises SignInDenied (401), with the same answer after the same time, when there is no such
    user, the user has no password or another one, or the address must be verified first.
    """
    user: User | None = User.objects.with_email(email).first()
    if user is None:
        # Takes as long as checking a password.
        make_password(password)
        raise SignInDenied
    if not user.check_password(password):
        audit.record_wrong_password(user.pk)
        raise SignInDenied
    if not may_sign_in(user):
        raise SignInDenied
    return user


def may_sign_in(user: User) -> bool:
    """Return whether `user`, whose password was right, may sign in with it.

    With SIGN_UP_CONFIRMS_EMAIL, the address must be verified first; if it is not, this sends the
    link that verifies it.

    Raises redis.exceptions.RedisError when the e-mail cannot be queued.
    """
    if user.email_verified_at is not None or not settings.SIGN_UP_CONFIRMS_EMAIL:
        return True
    if user.email is not None:
        mails.enqueue(mails.Confirm(user.pk, user.email, user.email))
    return False


def change_password(owner: Principal, *, current_password: str, new_password: str) -> int:
    """Set a new password for `owner`, and delete the keys of all sign-ins except the current one.

    Django ends the user's admin sessions itself. Returns how many keys were deleted.

    Raises ValidationError when the current password is wrong, when there is none (Privy users have
    none), or when the new one is weak (AUTH_PASSWORD_VALIDATORS).
    """
    with transaction.atomic():
        # Of two concurrent changes, the second must give the password that the first has set.
        user = get_object_or_404(User.objects.select_for_update(no_key=True), pk=owner.user_id)
        if not user.check_password(current_password):
            audit.record_wrong_password(user.pk)
            raise ValidationError({"current_password": ["This is not your password."]})
        check_strength("new_password", new_password, user)
        return _set_password(user, new_password, but=owner.key_id)


def choose_password(link: PasswordLink, password: str) -> User:
    """Set the password of the account with the address to which `link` was sent.

    Creates the account if there is none, which completes a sign-up. Another user who entered the
    address without verifying it loses it. The keys of earlier sign-ins are deleted.

    Raises DeadLink (400) when the link has been used, and ValidationError for a weak password
    (AUTH_PASSWORD_VALIDATORS).
    """
    try:
        with transaction.atomic():
            user = account_for(link, for_update=True)
            check_strength("new_password", password, user or User(email=link.email))
            if user is not None:
                _set_password(user, password)
                return user
            release_address(link.email)
            return create_user(
                link.email,
                password,
                username=made_up_username(),
                email_verified_at=timezone.now(),
            )
    except IntegrityError as exc:
        # The link was used by two requests at the same time.
        raise DeadLink from exc


def account_for(link: PasswordLink, *, for_update: bool = False) -> User | None:
    """Return the account that `link` was sent for, or None if it is still to be created.

    Raises DeadLink (400) when the link has been used or sign-up is closed.
    """
    accounts = User.objects.with_email(link.email).verified()
    user: User | None = (
        accounts.select_for_update(no_key=True) if for_update else accounts
    ).first()
    is_open = user.may_reset_password if user else settings.EMAIL_SIGN_UP
    if not is_open or state_of(user) != link.state:
        raise DeadLink
    return user


def register(email: str, password: str) -> User:
    """Create a user with a password, and send the link that verifies the address.

    Raises ValidationError for a weak password (AUTH_PASSWORD_VALIDATORS), and EmailTaken (409). If
    the address is taken, its mailbox is sent a sign-up link, because somebody else may have
    entered it without verifying it.
    """
    check_strength("password", password, User(email=email))
    try:
        user = create_user(email, password, username=made_up_username())
    except IntegrityError as exc:
        _send_if_possible(mails.SignUp(email))
        raise EmailTaken from exc
    _send_if_possible(mails.Confirm(user.pk, user.email, email))
    return user


def _send_if_possible(mail: mails.Mail) -> None:
    """Queue an e-mail on commit if there is a mail server; the sign-up itself is complete."""
    if sends_email():
        after_commit(partial(mails.enqueue, mail))


def check_strength(field: str, password: str, user: User) -> None:
    """Raise ValidationError, about `field`, for a password that is easy to guess."""
    try:
        validate_password(password, user)
    except DjangoValidationError as exc:
        raise ValidationError({field: exc.messages}) from exc


def _set_password(user: User, password: str, *, but: int | None = None) -> int:
    """Set the password and delete the user's sign-in keys except `but`. Returns how many."""
    user.set_password(password)
    user.save(update_fields=["password", "updated_at"])
    ended = [key for key in ApiKey.objects.made_at_sign_in(user.pk) if key.pk != but]
    for key in ended:
        delete_key(key)
    audit.record(
        "password_changed",
        user_id=user.pk,
        after={"ended_keys": len(ended)},
    )
    return len(ended)
