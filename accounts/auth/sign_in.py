"""A new API key for who has proved to be a user.

The secret of a key is shown once, so each sign-in makes one. They end by themselves, and a user
has a bounded number of them: a sign-in too many ends the oldest.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.auth.errors import SignInDenied
from accounts.keys import create_key, delete_key
from accounts.models import ApiKey, User

MAX_SIGN_IN_KEYS = 10
KEY_DAYS = 30


def sign_in(user: User) -> tuple[ApiKey, str]:
    """Make a key for KEY_DAYS, and end the oldest of more than MAX_SIGN_IN_KEYS.

    Returns the key and its secret, which cannot be had again. Raises SignInDenied when the user
    is switched off, and what create_key raises.
    """
    now = timezone.now()
    with transaction.atomic():
        # One sign-in of a user at a time, or each would leave room for itself only.
        locked = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
        if locked is None or not locked.is_active:
            raise SignInDenied("This account has been switched off.", code="inactive_user")
        earlier = ApiKey.objects.made_at_sign_in(user.pk).newest_first()
        for surplus in earlier[MAX_SIGN_IN_KEYS - 1 :]:
            delete_key(surplus)
        key, secret = create_key(
            locked,
            key_name=f"Sign-in {now:%Y-%m-%d %H:%M:%S.%f}",
            expiration_date=now + timedelta(days=KEY_DAYS),
        )
        # Never the primary one, which is to last.
        ApiKey.objects.filter(pk=key.pk).update(made_at_sign_in=True, is_primary=False)
    return key, secret
