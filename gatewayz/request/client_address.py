"""The client's IP address, read through proxies that are trusted."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

# The longest textual form: IPv6 that ends in an IPv4 address.
MAX_CHARS = 45


def client_address(request: HttpRequest | Request) -> str:
    """Return the client's IP address, or "" when the connection has none.

    This is the peer of the connection, unless the peer is one of TRUSTED_PROXIES. Then it is the
    last entry of `X-Forwarded-For` that is not a trusted proxy itself; anybody could have sent
    the entries before it. At an entry that is not an address the search ends, with the proxy that
    passed it on.

    An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is returned as IPv4.
    """
    address = _peer(request)
    if address is None:
        return ""
    if _is_trusted(address):
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        for entry in reversed(forwarded.split(",")):
            hop = _parsed(_without_port(entry.strip()))
            if hop is None:
                break
            address = hop
            if not _is_trusted(hop):
                break
    return str(address)


def is_from_proxy(request: HttpRequest | Request) -> bool:
    """Whether the peer of the connection is one of TRUSTED_PROXIES."""
    peer = _peer(request)
    return peer is not None and _is_trusted(peer)


def network_of(address: str) -> str:
    """Return the network of an address from `client_address` in CIDR form; "" for "".

    The network (a /24 of IPv4, a /48 of IPv6) is what a provider assigns to a customer or site.
    It reveals less about a person than the address.
    """
    if not address:
        return ""
    if ":" in address:
        return str(ip_network((address, 48), strict=False))
    return f"{address.rpartition('.')[0]}.0/24"


def subscriber_of(address: str) -> str:
    """Return what limits by address count: an IPv4 address, or the /64 of an IPv6 address.

    A provider assigns a whole /64 to one customer, who can then call from 2**64 addresses.
    """
    if ":" in address:
        return str(ip_network((address, 64), strict=False))
    return address


def _peer(request: HttpRequest | Request) -> IPv4Address | IPv6Address | None:
    return _parsed(request.META.get("REMOTE_ADDR", ""))


def _is_trusted(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _without_port(entry: str) -> str:
    """Remove the port that some proxies add: `[2001:db8::1]:443`, `192.0.2.1:443`."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, _, port = entry.partition(":")
    return host if port.isdecimal() else entry


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    # Drops the interface of a link-local address, which means nothing on another machine.
    address = text.partition("%")[0]
    return parsed_address(address) if len(address) <= MAX_CHARS else None


# Cached because most requests come from few addresses.
@lru_cache(maxsize=4096)
def parsed_address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address, an IPv4 address mapped into IPv6 as IPv4; None when it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address
