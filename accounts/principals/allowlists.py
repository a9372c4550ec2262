"""Allow-lists of a key: the networks of its callers, and the sites whose pages may use it."""

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

MAX_ENTRIES = 100
MAX_DOMAIN_CHARS = 253
# A prefix length may have any number of leading zeros.
MAX_NETWORK_CHARS = 64

# A host name, or `*.` and a domain for all hosts below it.
_DOMAIN = re.compile(r"(?:\*\.)?(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*")

_MAPPED = IPv6Network("::ffff:0:0/96")

Networks = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=1024)
def networks(allowlist: tuple[str, ...]) -> Networks:
    """Return the networks of an allow-list of addresses and CIDR blocks, IPv4 and IPv6.

    Entries that are neither, as an adopted database may contain, match nobody.
    """
    found = []
    for entry in allowlist:
        with suppress(ValueError):
            found.append(ip_network(entry))
    return tuple(found)


def allows_address(allowlist: tuple[str, ...], address: str) -> bool:
    """Whether a caller at `address` may use a key with this list.

    `address` is the return value of gatewayz.request.client_address.
    """
    if not allowlist:
        return True
    try:
        caller = ip_address(address)
    except ValueError:
        return False
    return any(caller in network for network in networks(allowlist))


def allows_referrer(allowlist: Sequence[str], origin: str, referrer: str) -> bool:
    """Whether a page may use a key with this list, by its `Origin` or else its `Referer`.

    `example.com` is that host alone, `*.example.com` every host below it. Browsers send these
    headers truthfully, other programs can send anything: the list only keeps a key that is
    embedded in a page from being used by other pages.
    """
    if not allowlist:
        return True
    host = _host(origin) or _host(referrer)
    return host is not None and any(_matches(host, entry) for entry in allowlist)


def covers_addresses(allowlist: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether this list allows every address that the `other` list allows."""
    if not allowlist or not other:
        return not allowlist
    return all(
        any(_is_within(inner, outer) for outer in networks(allowlist)) for inner in networks(other)
    )


def covers_referrers(allowlist: Sequence[str], other: Sequence[str]) -> bool:
    """Whether this list allows every referrer that the `other` list allows."""
    if not allowlist or not other:
        return not allowlist
    return all(any(_matches(entry, outer) for outer in allowlist) for entry in other)


def _is_within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _matches(host: str, entry: str) -> bool:
    # `host` may itself be a `*.` entry, which matches the same domain or one above it.
    return host == entry or (entry.startswith("*.") and host.endswith(entry[1:]))


def validate_ip_allowlist(given: Any) -> None:
    """Raise django's ValidationError unless `given` is a list of addresses and CIDR blocks."""
    for entry in _entries(
        given, 'This must be a list of addresses and networks, such as ["203.0.113.0/24"].'
    ):
        if len(entry) > MAX_NETWORK_CHARS:
            raise ValidationError("This is not an address or a network.")
        try:
            network = ip_network(entry)
        except ValueError as exc:
            raise ValidationError(f"{exc}.") from exc
        if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
            # Their callers are seen with an IPv4 address, so such an entry would match nobody.
            raise ValidationError(f"{entry}: write IPv4 addresses in IPv4 notation.")


def validate_domain_referrers(given: Any) -> None:
    """Raise django's ValidationError unless `given` is a list of hosts as in `allows_referrer`."""
    for entry in _entries(
        given, 'This must be a list of hosts, such as ["example.com", "*.example.com"].'
    ):
        if len(entry) > MAX_DOMAIN_CHARS or not _DOMAIN.fullmatch(entry):
            raise ValidationError(
                f"{entry!r} is not a lower-case host name such as example.com or *.example.com."
            )


def _entries(given: Any, form: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        raise ValidationError(form)
    if len(given) > MAX_ENTRIES:
        raise ValidationError(f"This may have at most {MAX_ENTRIES} entries.")
    return given
