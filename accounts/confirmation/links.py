"""The tokens in e-mailed links: encrypted, dated, and usable once.

Fernet encrypts and signs them with a key derived from SECRET_KEY, so nobody can forge a link, and
a link in a proxy's log reveals no address. A token names the state that it was issued for, and
using it changes that state, so it cannot be used twice and nothing has to be stored for it.
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

# At least as long as the period over which messages to a mailbox are counted: a mailbox that has
# reached its limit then still holds valid links.
LINK_SECONDS = 86_400
LINK_HOURS = LINK_SECONDS // 3600
MAX_CHARS = 2_000

_PURPOSE = b"accounts.confirmation.links"


class PasswordLink(msgspec.Struct, frozen=True, tag=True):
    """A link that lets the reader of `email` set the password of its account, or create one.

    `state` is `state_of` the account when the link was sent.
    """

    email: str
    state: str


class AddressLink(msgspec.Struct, frozen=True, tag=True):
    """A link that makes `email` the verified address of a user whose address was `before`."""

    user_id: int
    before: str | None
    email: str


Link = PasswordLink | AddressLink


class DeadLink(APIException):
    """400: the link has been used, has expired or is malformed."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = "This link has been used, has expired or is incomplete. Request another one."
    default_code = "dead_link"


def seal(content: msgspec.Struct) -> str:
    """Encrypt `content` as URL-safe text that only `unseal` can read."""
    return _cipher().encrypt(msgspec.json.encode(content)).decode().rstrip("=")


def unseal(text: str, kind: Any) -> Any:
    """Decrypt what `seal` encrypted less than LINK_SECONDS ago, if it is of type `kind`.

    Returns None otherwise, so that the sender does not learn what is wrong.
    """
    if len(text) > MAX_CHARS or not text.isascii():
        return None
    try:
        content = _cipher().decrypt(text + "=" * (-len(text) % 4), ttl=LINK_SECONDS)
        return msgspec.json.decode(content, type=kind)
    except (InvalidToken, msgspec.DecodeError):
        return None


def state_of(account: User | None) -> str:
    """Return a digest of the account's id and password, or "" for an account to be created.

    Using a link changes it, so the link works only once.
    """
    if account is None:
        return ""
    return hashlib.sha256(f"{account.pk}:{account.password}".encode()).hexdigest()[:32]


def _cipher() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = (hmac.digest(secret.encode(), _PURPOSE, "sha256") for secret in secrets)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
