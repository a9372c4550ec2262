"""What can be done to users."""

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User


def get_or_create_user(email: str) -> User:
    """The user of this e-mail address (in any case), created without a password when new."""
    user: User | None = User.objects.with_email(email).first()
    if user is not None:
        return user
    try:
        with transaction.atomic():
            user = User.objects.create_user(email)
            audit.record(
                "user_created",
                user_id=user.pk,
                target=audit.user_target(user.pk),
                after={"email": email},
            )
    except IntegrityError:
        # Somebody else created it in between.
        user = User.objects.with_email(email).get()
    return user
