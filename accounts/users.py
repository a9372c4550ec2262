"""What can be done to users."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User


def create_user(email: str | None, password: str | None = None, **fields: Any) -> User:
    """Make a user, as User.objects.create_user does, and tell the audit log.

    Raises django.db.IntegrityError when another user has the address, the name or the Privy id.
    """
    with transaction.atomic():
        user: User = User.objects.create_user(email, password, **fields)
        known_by = {"email": user.email, "privy_user_id": user.privy_user_id}
        audit.record(
            "user_created",
            user_id=user.pk,
            target=audit.user_target(user.pk),
            after={name: value for name, value in known_by.items() if value is not None},
        )
    return user


def get_or_create_user(email: str) -> User:
    """The user of this e-mail address, created without a password when new."""
    user: User | None = User.objects.with_email(email).first()
    if user is not None:
        return user
    try:
        return create_user(email)
    except IntegrityError:
        # Somebody else created it in between.
        user = User.objects.with_email(email).get()
    return user
