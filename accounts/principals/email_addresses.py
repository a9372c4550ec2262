"""The one form of an e-mail address: pure, without the ORM, the cache or a request.

The same mailbox can be written in many ways. An address is stored, looked up, counted and
written to in this form only, so that nobody has an address twice, takes another's by spelling it
otherwise, or has a message sent to a mailbox other than the one that was looked up.
"""

import unicodedata
from contextlib import suppress

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

# RFC 5321, 4.5.3.1: of the whole, and of what stands before the @.
MAX_CHARS = 254
MAX_LOCAL_CHARS = 64


def canonical(text: str) -> str:
    """The one form of what may be an address.

    Case does not matter, nor which of the equivalent characters of Unicode is used (NFKC: the
    Kelvin sign is a K), whether the domain is in Unicode or in punycode (UTS 46), or ends with a
    dot. The canonical form of the canonical form is itself. Text that is no address is returned in
    lower case; nobody has it.
    """
    # Beyond it there is no address, and NFKC makes 18 characters of some.
    if len(text) > MAX_CHARS:
        return text.lower()
    local, at, domain = unicodedata.normalize("NFKC", text).strip().lower().rpartition("@")
    # It stays as it is when it is no domain: idna.IDNAError is a UnicodeError.
    with suppress(UnicodeError):
        domain = idna.encode(domain, uts46=True, std3_rules=True).decode().removesuffix(".")
    return f"{local}{at}{domain}"


def validate_address(address: str) -> None:
    """Raise django.core.exceptions.ValidationError unless `address` is a canonical address.

    Before the @ there may be letters of ASCII only, which no letter of another script looks like,
    and nothing in quotes, which could be words for the reader of a message.
    """
    local, _, domain = address.rpartition("@")
    if (
        not address.isascii()
        or len(address) > MAX_CHARS
        or len(local) > MAX_LOCAL_CHARS
        or '"' in local
        # An address of the network in the place of a domain.
        or domain.startswith("[")
        or canonical(address) != address
    ):
        raise ValidationError("Enter a valid email address.", code="invalid")
    validate_email(address)


def mailbox_of(address: str) -> str:
    """What `address` is without `+anything`: many servers put both into one mailbox."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
