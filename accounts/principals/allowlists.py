"""From where a key works: the networks of its callers, and the sites whose pages use it."""

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
# Zeros before a prefix length are valid, and there may be any number of them.
MAX_NETWORK_CHARS = 64

# A host name, or `*.` and the domain whose hosts are meant.
_DOMAIN = re.compile(r"(?:\*\.)?(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*")

_MAPPED = IPv6Network("::ffff:0:0/96")

Networks = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=1024)
def networks(allowlist: tuple[str, ...]) -> Networks:
    """The networks of an allow-list of addresses and CIDR blocks, IPv4 and IPv6.

    What is neither, as an adopted database may hold, allows nobody.
    """
    found = []
    for entry in allowlist:
        with suppress(ValueError):
            found.append(ip_network(entry))
    return tuple(found)


def allows_address(allowlist: tuple[str, ...], address: str) -> bool:
    """Whether a caller at `address` may use a key with this list.

    `address` is what gatewayz.request.client_address returns.
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
    headers truthfully, other programs what they like: it keeps a key that stands in a page from
    being used by other pages, and no more.
    """
    if not allowlist:
        return True
    host = _host(origin) or _host(referrer)
    return host is not None and any(_matches(host, entry) for entry in allowlist)


def covers_addresses(allowlist: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether every address that the `other` list allows is allowed by this one."""
    if not allowlist or not other:
        return not allowlist
    return all(
        any(_is_within(inner, outer) for outer in networks(allowlist)) for inner in networks(other)
    )


def covers_referrers(allowlist: Sequence[str], other: Sequence[str]) -> bool:
    """Whether every referrer that the `other` list allows is allowed by this one."""
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
    # Also for `host` a `*.` entry, which is then the same or one further down.
    return host == entry or (entry.startswith("*.") and host.endswith(entry[1:]))


def validate_ip_allowlist(given: Any) -> None:
    """Raise django's ValidationError unless `given` is a list of addresses and CIDR blocks."""
    for entry in _entries(given, 'A list of addresses and networks such as ["203.0.113.0/24"].'):
        if len(entry) > MAX_NETWORK_CHARS:
            raise ValidationError("This is no address or network.")
        try:
            network = ip_network(entry)
        except ValueError as exc:
            raise ValidationError(f"{exc}.") from exc
        if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
            # Such callers have their IPv4 address here, so it would allow nobody.
            raise ValidationError(f"{entry}: write IPv4 addresses as such.")


def validate_domain_referrers(given: Any) -> None:
    """Raise django's ValidationError unless `given` is a list of host names, see above."""
    for entry in _entries(given, 'A list of hosts such as ["example.com", "*.example.com"].'):
        if len(entry) > MAX_DOMAIN_CHARS or not _DOMAIN.fullmatch(entry):
            raise ValidationError(
                f"{entry!r} is no host name in small letters such as example.com or *.example.com."
            )


def _entries(given: Any, form: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        raise ValidationError(form)
    if len(given) > MAX_ENTRIES:
        raise ValidationError(f"At most {MAX_ENTRIES} entries.")
    return given
