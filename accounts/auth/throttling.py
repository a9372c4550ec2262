"""How often somebody may try to sign in or up."""

from accounts.limits import LimitExceeded, hit
from accounts.principals.email_addresses import canonical
from gatewayz.request.client_address import subscriber_of

# Of one address, behind which there may be an office.
SIGN_INS_PER_ADDRESS = 30
# Of one account, so that its password cannot be guessed from many addresses.
SIGN_INS_PER_ACCOUNT = 10
SIGN_IN_WINDOW_SECONDS = 300

SIGN_UPS_PER_ADDRESS = 10
RESETS_PER_ADDRESS = 10
SIGN_UP_WINDOW_SECONDS = 3600


def admit_sign_in(address: str, email: str | None) -> None:
    """Count an attempt to sign in from an address, to the account of `email` if there is one.

    Raises LimitExceeded (429). Attempts count whether the account exists or not.
    """
    _admit("sign_in_address", subscriber_of(address), SIGN_INS_PER_ADDRESS, SIGN_IN_WINDOW_SECONDS)
    if email is not None:
        _admit("sign_in_account", canonical(email), SIGN_INS_PER_ACCOUNT, SIGN_IN_WINDOW_SECONDS)


def admit_sign_up(address: str) -> None:
    """Count an attempt to sign up from an address. Raises LimitExceeded (429)."""
    _admit("sign_up_address", subscriber_of(address), SIGN_UPS_PER_ADDRESS, SIGN_UP_WINDOW_SECONDS)


def admit_reset(address: str) -> None:
    """Count a request for a new password from an address. Raises LimitExceeded (429)."""
    _admit("reset_address", subscriber_of(address), RESETS_PER_ADDRESS, SIGN_UP_WINDOW_SECONDS)


def admit_link(address: str) -> None:
    """Count the use of a link of an e-mail from an address, together with signing in.

    Not by the account: who guesses its password must not keep its owner from choosing another.
    Raises LimitExceeded (429).
    """
    admit_sign_in(address, None)


def admit_password_change(user_id: int) -> None:
    """Count an attempt of a user to change the password, for which it has to be known.

    Raises LimitExceeded (429).
    """
    _admit("password_change", str(user_id), SIGN_INS_PER_ACCOUNT, SIGN_IN_WINDOW_SECONDS)


def _admit(scope: str, identity: str, limit: int, window_seconds: int) -> None:
    decision = hit(scope, identity, limit=limit, window_seconds=window_seconds)
    if not decision.allowed:
        raise LimitExceeded(decision)
