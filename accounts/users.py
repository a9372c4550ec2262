"""Verbs on users: creating them, releasing addresses, ending operators' access."""

from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.keys import deactivate_key
from accounts.models import ApiKey, AuditEntry, User
from accounts.principals.email_addresses import canonical


def create_user(email: str | None, password: str | None = None, **fields: Any) -> User:
    """Create a user as User.objects.create_user does, and record it in the audit log.

    Raises django.db.IntegrityError when another user has the address, the name or the Privy id.
    """
    with transaction.atomic():
        user: User = User.objects.create_user(email, password, **fields)
        known_by = {"email": user.email, "privy_user_id": user.privy_user_id}
        audit.record(
            "user_created",
            user_id=user.pk,
            after={name: value for name, value in known_by.items() if value is not None},
        )
    return user


def get_or_create_verified_user(email: str) -> User:
    """Return the user with this verified address, created without a password if necessary.

    For operators, who vouch for the address. A user who entered it without verifying it counts as
    somebody else and loses it.
    """
    verified = User.objects.with_email(email).verified()
    user: User | None = verified.first()
    if user is not None:
        return user
    try:
        with transaction.atomic():
            release_address(email)
            return create_user(
                email, username=_username_for(email), email_verified_at=timezone.now()
            )
    except IntegrityError:
        # A concurrent request created the user.
        user = verified.get()
    return user


def release_address(email: str, *, but: int | None = None) -> None:
    """Take an address from the user who has it without having verified it, except the user `but`.

    Call it in the transaction that gives the address to somebody who has proved that it is theirs.
    """
    holders = User.objects.with_email(email).unverified().exclude(pk=but)
    for holder in holders.select_for_update(no_key=True):
        before = holder.email
        holder.email = None
        holder.save(update_fields=["email", "updated_at"])
        audit.record(
            "address_released",
            user_id=holder.pk,
            before={"email": before},
            after={"email": None},
        )


def made_up_username() -> str:
    """Return a unique user name that reveals nothing."""
    return f"user-{uuid4().hex}"


def _username_for(email: str) -> str:
    address = canonical(email)
    is_taken = User.objects.filter(username=address).exists()
    return made_up_username() if is_taken else address


def end_access_given_by_operators(user: User) -> bool:
    """Deactivate the keys and the password of `user` if an operator changed the account.

    Call it when the user becomes staff: an operator who created a key or set a password for the
    user could otherwise act as that member of staff. The e-mail address, which could be the
    operator's, no longer counts as verified. Changes by superusers do not matter.

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
            deactivate_key(key)
        user.set_unusable_password()
        user.email_verified_at = None
        user.save(update_fields=["password", "email_verified_at", "updated_at"])
        audit.record("user_password_ended", user_id=user.pk)
    return True
