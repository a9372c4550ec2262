"""Users who sign in with Privy
(https://docs.privy.io/authentication/user-authentication/access-tokens).

Privy's access tokens are JWTs signed with ES256. Nothing else in the request is trusted, since
anybody can write it.
"""

import jwt
from django.conf import settings
from django.db import IntegrityError
from rest_framework.exceptions import ValidationError

from accounts.auth.errors import SignInDenied
from accounts.models import User
from accounts.users import create_user, made_up_username

ISSUER = "privy.io"
# Tolerates small differences between clocks.
LEEWAY_SECONDS = 10
MAX_ID_CHARS = 255

_CLAIMS = ["aud", "exp", "iat", "iss", "sub"]


def user_of_token(token: str) -> tuple[User, bool]:
    """Return the user whom a Privy token names, and whether the user was created just now.

    One statement for a known user (idx_users_privy_id).

    Raises SignInDenied (401) for a token that is not from Privy, not for this application, or
    expired, and ValidationError when PRIVY_APP_ID is not set.
    """
    privy_user_id = _verified_id(token)
    known = User.objects.with_privy_id(privy_user_id)
    user: User | None = known.first()
    if user is not None:
        return user, False
    try:
        user = create_user(None, username=made_up_username(), privy_user_id=privy_user_id)
    except IntegrityError:
        # A concurrent first sign-in of the same person created the user.
        return known.get(), False
    return user, True


def _verified_id(token: str) -> str:
    if not settings.PRIVY_APP_ID:
        raise ValidationError(
            {"token": ["Signing in with Privy is not configured on this server."]}
        )
    try:
        claims = jwt.decode(
            token,
            settings.PRIVY_VERIFICATION_KEY,
            # Fixed, because a token must not choose how it is verified.
            algorithms=["ES256"],
            audience=settings.PRIVY_APP_ID,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": _CLAIMS},
        )
    except jwt.ExpiredSignatureError as exc:
        raise SignInDenied("This token has expired.", code="expired_token") from exc
    except jwt.InvalidTokenError as exc:
        raise SignInDenied("This token is not valid.", code="invalid_token") from exc
    privy_user_id = str(claims["sub"])
    if not 0 < len(privy_user_id) <= MAX_ID_CHARS or "\x00" in privy_user_id:
        raise SignInDenied("This token is not valid.", code="invalid_token")
    return privy_user_id
