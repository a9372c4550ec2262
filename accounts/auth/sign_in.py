"""Proving who signs in, and creating an API key for a user who has.

A key's secret is shown only once, so each sign-in creates a key. These keys expire, and a user has
a limited number of them: a further sign-in deletes the oldest.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.auth.errors import SignInDenied
from accounts.auth.passwords import user_with_password
from accounts.auth.privy import user_of_token
from accounts.auth.throttling import admit_sign_in
from accounts.keys import create_key, delete_key
from accounts.models import ApiKey, User

MAX_SIGN_IN_KEYS = 10
KEY_DAYS = 30


def proven_user(address: str, given: dict[str, Any]) -> tuple[User, bool]:
    """Return the user of a valid SignInInput from `address`, and whether it was created just now.

    Raises LimitExceeded (429), and what `user_of_token` and `user_with_password` raise.
    """
    token = given.get("token")
    admit_sign_in(address, None if token else given["email"])
    if token:
        return user_of_token(token)
    return user_with_password(given["email"], given["password"]), False


def sign_in(user: User) -> tuple[ApiKey, str]:
    """Create a key that lives KEY_DAYS, and delete the oldest beyond MAX_SIGN_IN_KEYS.

    Returns the key and its secret, which is shown only once. Raises SignInDenied when the user is
    deactivated, and whatever create_key raises.
    """
    now = timezone.now()
    with transaction.atomic():
        # One sign-in per user at a time; concurrent ones would each make room for one key only.
        locked = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
        if locked is None or not locked.is_active:
            raise SignInDenied("This account is deactivated.", code="inactive_user")
        earlier = ApiKey.objects.made_at_sign_in(user.pk).newest_first()
        for surplus in earlier[MAX_SIGN_IN_KEYS - 1 :]:
            delete_key(surplus)
        key, secret = create_key(
            locked,
            key_name=f"Sign-in {now:%Y-%m-%d %H:%M:%S.%f}",
            expiration_date=now + timedelta(days=KEY_DAYS),
        )
        # Sign-in keys expire, so they are never the primary key.
        ApiKey.objects.filter(pk=key.pk).update(made_at_sign_in=True, is_primary=False)
    return key, secret
