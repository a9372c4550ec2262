"""The address of who makes a request, behind proxies only as far as they are trusted."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

# The longest form of an address: of IPv6, with an IPv4 address at its end.
MAX_CHARS = 45


def client_address(request: HttpRequest | Request) -> str:
    """The caller's IP address, or "" when the connection has none.

    It is the peer of the connection, unless that is one of TRUSTED_PROXIES: then the last entry
    of `X-Forwarded-For` that is not one itself. What stands before that entry is what anybody
    may have sent. An entry that is no address ends the search at the proxy that passed it on.

    An IPv4 address that is mapped into IPv6 (`::ffff:192.0.2.1`) is given as IPv4.
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
    """The network of an address that `client_address` gave, as CIDR; "" of "".

    It is what a provider gives to one customer or site, and says less of a person than the
    address: a /24 of IPv4, a /48 of IPv6.
    """
    if not address:
        return ""
    if ":" in address:
        return str(ip_network((address, 48), strict=False))
    return f"{address.rpartition('.')[0]}.0/24"


def subscriber_of(address: str) -> str:
    """What a limit by address counts: an IPv4 address by itself, one of IPv6 by its /64.

    A provider gives a /64 to a single customer, who can call from 2**64 addresses.
    """
    if ":" in address:
        return str(ip_network((address, 64), strict=False))
    return address


def _peer(request: HttpRequest | Request) -> IPv4Address | IPv6Address | None:
    return _parsed(request.META.get("REMOTE_ADDR", ""))


def _is_trusted(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _without_port(entry: str) -> str:
    """`[2001:db8::1]:443` and `192.0.2.1:443`, as some proxies write, without the port."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, _, port = entry.partition(":")
    return host if port.isdecimal() else entry


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    # Without the interface of a link-local address, which is of no use elsewhere.
    address = text.partition("%")[0]
    return _parsed_address(address) if len(address) <= MAX_CHARS else None


# Most requests come from few addresses.
@lru_cache(maxsize=4096)
def _parsed_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address
