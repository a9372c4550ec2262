"""The canonical form of e-mail addresses; pure functions.

One mailbox can be written in many ways. Addresses are stored, looked up, counted and written to
only in their canonical form, so that nobody can register an address twice, take another's address
by a different spelling, or have a message sent to another mailbox than the one looked up.
"""

import unicodedata
from contextlib import suppress

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

# RFC 5321, 4.5.3.1: for the whole address and for the part before the @.
MAX_CHARS = 254
MAX_LOCAL_CHARS = 64


def canonical(text: str) -> str:
    """Return the canonical form of what may be an e-mail address.

    It ignores case, unifies equivalent Unicode characters (NFKC: the Kelvin sign is a K), encodes
    the domain as punycode (UTS 46) and drops a trailing dot. Applying it twice changes nothing.
    Text that is not an address is returned in lower case; it equals no address.
    """
    # Longer text is not an address, and NFKC can turn one character into 18.
    if len(text) > MAX_CHARS:
        return text.lower()
    local, at, domain = unicodedata.normalize("NFKC", text).strip().lower().rpartition("@")
    # An invalid domain stays unchanged: idna.IDNAError is a UnicodeError.
    with suppress(UnicodeError):
        domain = idna.encode(domain, uts46=True, std3_rules=True).decode().removesuffix(".")
    return f"{local}{at}{domain}"


def validate_address(address: str) -> None:
    """Raise django.core.exceptions.ValidationError unless `address` is a canonical address.

    Before the @, only ASCII letters are allowed, because those of other scripts can look like
    them, and no quotes, because quoted text could carry words to the reader of a message.
    """
    local, _, domain = address.rpartition("@")
    if (
        not address.isascii()
        or len(address) > MAX_CHARS
        or len(local) > MAX_LOCAL_CHARS
        or '"' in local
        # An IP address in place of a domain.
        or domain.startswith("[")
        or canonical(address) != address
    ):
        raise ValidationError("Enter a valid email address.", code="invalid")
    validate_email(address)


def mailbox_of(address: str) -> str:
    """Return `address` without `+anything`: many servers deliver both to one mailbox."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
