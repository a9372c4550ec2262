"""Users who sign in with e-mail address and password."""

import secrets

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from rest_framework.exceptions import ValidationError

from accounts import audit
from accounts.auth.refusals import EmailTaken, SignInRefused
from accounts.models import User


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
        raise SignInRefused
    return user


def register(email: str, password: str) -> User:
    """Make a user who signs in with a password.

    Raises ValidationError for a weak password (AUTH_PASSWORD_VALIDATORS), and EmailTaken (409).
    """
    try:
        validate_password(password, User(email=email, username=email))
    except DjangoValidationError as exc:
        raise ValidationError({"password": exc.messages}) from exc
    # Not the address: somebody may have it as a name, and that must keep nobody out.
    username = f"{email.partition('@')[0]}-{secrets.token_hex(8)}"
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, username=username)
            audit.record(
                "user_created",
                user_id=user.pk,
                target=audit.user_target(user.pk),
                after={"email": email},
            )
    except IntegrityError as exc:
        raise EmailTaken from exc
    return user
