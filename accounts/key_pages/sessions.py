"""Log-in to the pages of /keys.

It is separate from Django's own log-in: a session of the admin does not sign anybody in here,
where keys are made, and a session of these pages opens no page of the admin.
"""

import time

from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import audit
from accounts.auth.errors import SignInDenied
from accounts.models import User
from accounts.principals.principal import Principal
from gatewayz.request.context import set_current_user_id

SIGNED_IN_SECONDS = 3_600

_NAME = "keys"


def sign_in(request: HttpRequest, user: User) -> None:
    """Sign in `user`, whose identity is proven, for SIGNED_IN_SECONDS, and audit it.

    Raises SignInDenied (401) for a user who is deactivated.
    """
    if not user.is_active:
        raise SignInDenied("This account is deactivated.", code="inactive_user")
    # A new session id, so that somebody who planted the old one is not signed in too.
    request.session.cycle_key()
    request.session[_NAME] = {
        "user": user.pk,
        # A hash of the password: choosing another one signs out everywhere.
        "hash": user.get_session_auth_hash(),
        "until": time.time() + SIGNED_IN_SECONDS,
    }
    owner = signed_in(request)
    if owner is not None:
        with transaction.atomic():
            audit.record("keys_page_sign_in", user_id=owner.user_id)


def sign_out(request: HttpRequest) -> None:
    """Sign out; another session of the same browser, such as the admin's, stays."""
    if request.session.pop(_NAME, None) is not None:
        request.session.cycle_key()


def signed_in(request: HttpRequest) -> Principal | None:
    """Return who is signed in, as the principal of this request; None if nobody is.

    One statement if somebody is.
    """
    kept = request.session.get(_NAME)
    if kept is None or time.time() > kept["until"]:
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), kept["hash"]):
        return None
    owner = Principal.without_key(user.pk)
    # The audit log records who acts.
    request.user = owner  # type: ignore[assignment]
    set_current_user_id(user.pk)
    return owner
