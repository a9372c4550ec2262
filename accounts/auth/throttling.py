"""Limits on attempts to sign in, sign up and reset passwords."""

from accounts.limits import LimitExceeded, hit
from accounts.principals.email_addresses import canonical
from gatewayz.request.client_address import subscriber_of

# Per address, behind which there may be a whole office.
SIGN_INS_PER_ADDRESS = 30
# Per account, so that its password cannot be guessed from many addresses.
SIGN_INS_PER_ACCOUNT = 10
SIGN_IN_WINDOW_SECONDS = 300

SIGN_UPS_PER_ADDRESS = 10
RESETS_PER_ADDRESS = 10
SIGN_UP_WINDOW_SECONDS = 3600

KEYS_PAGE_ACTS_PER_MINUTE = 30


def admit_sign_in(address: str, email: str | None) -> None:
    """Count an attempt to sign in from an address, and to the account of `email` if given.

    Attempts count whether or not the account exists. Raises LimitExceeded (429).
    """
    _admit("sign_in_address", subscriber_of(address), SIGN_INS_PER_ADDRESS, SIGN_IN_WINDOW_SECONDS)
    if email is not None:
        _admit("sign_in_account", canonical(email), SIGN_INS_PER_ACCOUNT, SIGN_IN_WINDOW_SECONDS)


def admit_sign_up(address: str) -> None:
    """Count an attempt to sign up from an address. Raises LimitExceeded (429)."""
    _admit("sign_up_address", subscriber_of(address), SIGN_UPS_PER_ADDRESS, SIGN_UP_WINDOW_SECONDS)


def admit_reset(address: str) -> None:
    """Count a request for a password reset from an address. Raises LimitExceeded (429)."""
    _admit("reset_address", subscriber_of(address), RESETS_PER_ADDRESS, SIGN_UP_WINDOW_SECONDS)


def admit_link(address: str) -> None:
    """Count the use of an e-mailed link from an address, together with sign-ins.

    Not counted per account: somebody who guesses its password must not keep its owner from setting
    a new one. Raises LimitExceeded (429).
    """
    admit_sign_in(address, None)


def admit_password_change(user_id: int) -> None:
    """Count a user's attempt to change the password, which requires the current one.

    Raises LimitExceeded (429).
    """
    _admit("password_change", str(user_id), SIGN_INS_PER_ACCOUNT, SIGN_IN_WINDOW_SECONDS)


def admit_keys_page(user_id: int) -> None:
    """Count a user's act on the pages of /keys. Raises LimitExceeded (429)."""
    _admit("keys_page", str(user_id), KEYS_PAGE_ACTS_PER_MINUTE, 60)


def _admit(scope: str, identity: str, limit: int, window_seconds: int) -> None:
    decision = hit(scope, identity, limit=limit, window_seconds=window_seconds)
    if not decision.allowed:
        raise LimitExceeded(decision)
