"""What can be done to users."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.keys import revoke_key
from accounts.models import ApiKey, AuditEntry, User


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


def end_access_given_by_operators(user: User) -> bool:
    """Deactivate the keys and end the password of `user` if an operator changed the account.

    To be called when the user becomes staff: an operator who made a key or set a password for
    the user before could otherwise act as that member of the staff. Changes by superusers do not
    count.

    Returns whether an operator had changed the account.
    """
    superusers = User.objects.filter(is_superuser=True).values("pk")
    by_operators = AuditEntry.objects.filter(
        user_id=user.pk, channel=AuditEntry.Channel.ADMIN
    ).exclude(actor_user_id__in=superusers)
    with transaction.atomic():
        if not by_operators.exists():
            return False
        for key in ApiKey.objects.filter(user=user).active():
            revoke_key(key)
        user.set_unusable_password()
        user.save(update_fields=["password", "updated_at"])
        audit.record("user_password_ended", user_id=user.pk, target=audit.user_target(user.pk))
    return True
