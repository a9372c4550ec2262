"""Users who sign in with e-mail address and password."""

import secrets

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError

from accounts import audit
from accounts.auth.refusals import EmailTaken, SignInRefused
from accounts.keys import delete_key
from accounts.models import ApiKey, User
from accounts.principals.principal import Principal
from accounts.users import create_user


def user_with_password(email: str, password: str) -> User:
    """The user of an e-mail address, in any case, whose password this is.

    Raises SignInRefused (401), equally and after as long, when there is no such user, it has no
    password, or another one.
    """
    user: User | None = User.objects.with_email(email).first()
    if user is None:
        # As long as checking one takes.
        make_password(password)
        raise SignInRefused
    if not user.check_password(password):
        audit.record_wrong_password(user.pk)
        raise SignInRefused
    return user


def change_password(owner: Principal, *, current_password: str, new_password: str) -> int:
    """Give `owner` another password, and end the keys of its sign-ins but the one of `owner`.

    Sessions of the admin end by themselves. Returns how many keys were ended.

    Raises ValidationError when the current password is another, there is none (a user of Privy
    has none), or the new one is weak (AUTH_PASSWORD_VALIDATORS).
    """
    with transaction.atomic():
        # Two changes at once: the second one has to know the first one's new password.
        user = get_object_or_404(User.objects.select_for_update(no_key=True), pk=owner.user_id)
        if not user.check_password(current_password):
            audit.record_wrong_password(user.pk)
            raise ValidationError({"current_password": ["This is not your password."]})
        _check_strength("new_password", new_password, user)
        user.set_password(new_password)
        user.save(update_fields=["password", "updated_at"])
        signed_in = ApiKey.objects.made_at_sign_in(user.pk)
        ended = [key for key in signed_in if key.pk != owner.key_id]
        for key in ended:
            delete_key(key)
        audit.record(
            "password_changed",
            user_id=user.pk,
            target=audit.user_target(user.pk),
            after={"ended_keys": len(ended)},
        )
    return len(ended)


def _check_strength(field: str, password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except DjangoValidationError as exc:
        raise ValidationError({field: exc.messages}) from exc


def register(email: str, password: str) -> User:
    """Make a user who signs in with a password.

    Raises ValidationError for a weak password (AUTH_PASSWORD_VALIDATORS), and EmailTaken (409).
    """
    _check_strength("password", password, User(email=email, username=email))
    # Not the address: somebody may have it as a name, and that must keep nobody out.
    username = f"{email.partition('@')[0]}-{secrets.token_hex(8)}"
    try:
        return create_user(email, password, username=username)
    except IntegrityError as exc:
        raise EmailTaken from exc
