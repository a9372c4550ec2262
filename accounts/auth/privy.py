"""Users who sign in with Privy (https://docs.privy.io/authentication/user-authentication/access-tokens).

Its access tokens are JWTs that are signed with ES256. What the request says beside the token is
not looked at: anybody can write it.
"""

import jwt
from django.conf import settings
from django.db import IntegrityError
from rest_framework.exceptions import ValidationError

from accounts.auth.errors import SignInDenied
from accounts.models import User
from accounts.users import create_user, made_up_username

ISSUER = "privy.io"
# For clocks that differ a little.
LEEWAY_SECONDS = 10
MAX_ID_CHARS = 255

_CLAIMS = ["aud", "exp", "iat", "iss", "sub"]


def user_of_token(token: str) -> tuple[User, bool]:
    """The user whom a Privy token names, and whether it was made just now.

    One statement for a user who is known (idx_users_privy_id).

    Raises SignInDenied (401) for a token that is not Privy's, not for this application, or
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
        # Another first sign-in of the same person came first.
        return known.get(), False
    return user, True


def _verified_id(token: str) -> str:
    if not settings.PRIVY_APP_ID:
        raise ValidationError({"token": ["Signing in with Privy is not set up here."]})
    try:
        claims = jwt.decode(
            token,
            settings.PRIVY_VERIFICATION_KEY,
            # Pinned: a token must not choose how it is verified.
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
