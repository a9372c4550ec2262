"""What is in the links of e-mails: sealed, dated, and good for one use.

Fernet encrypts and signs with a key made of SECRET_KEY. So nobody can make a link, and one in the
log of a proxy shows no address. A link names the state that it was made for and changes that
state, so it cannot be used twice; nothing has to be stored for it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from http import HTTPStatus
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from rest_framework.exceptions import APIException

from accounts.models import User

# No shorter than the time in which the messages to a mailbox are counted: when somebody has used
# up what a mailbox gets, links that work are in it.
LINK_SECONDS = 86_400
LINK_HOURS = LINK_SECONDS // 3600
MAX_CHARS = 2_000

_PURPOSE = b"accounts.confirmation.links"


class PasswordLink(msgspec.Struct, frozen=True, tag=True):
    """Lets whoever reads `email` choose the password of its account, made when there is none.

    `state` is `state_of` the account when the link was sent.
    """

    email: str
    state: str


class AddressLink(msgspec.Struct, frozen=True, tag=True):
    """Lets whoever reads `email` make it the verified address of a user who had `before`."""

    user_id: int
    before: str | None
    email: str


Link = PasswordLink | AddressLink


class DeadLink(APIException):
    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "This link has been used, is too old, or is not whole. Ask for another one."
    default_code = "dead_link"


def seal(content: msgspec.Struct) -> str:
    """`content` as text that can stand in a URL, and that only `unseal` can read."""
    return _cipher().encrypt(msgspec.json.encode(content)).decode().rstrip("=")


def unseal(text: str, kind: Any) -> Any:
    """What was sealed less than LINK_SECONDS ago, if it is of `kind`, one Struct or several.

    Else None: whoever sent it does not learn what is wrong with it.
    """
    if len(text) > MAX_CHARS or not text.isascii():
        return None
    try:
        content = _cipher().decrypt(text + "=" * (-len(text) % 4), ttl=LINK_SECONDS)
        return msgspec.json.decode(content, type=kind)
    except (InvalidToken, msgspec.DecodeError):
        return None


def state_of(account: User | None) -> str:
    """What changes when the account is made, gets another password, or gives way to another."""
    if account is None:
        return ""
    return hashlib.sha256(f"{account.pk}:{account.password}".encode()).hexdigest()[:32]


def _cipher() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = (hmac.digest(secret.encode(), _PURPOSE, "sha256") for secret in secrets)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
