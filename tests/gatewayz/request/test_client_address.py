"""The client address of a request."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory

from gatewayz.request.client_address import (
    client_address,
    subscriber_of,
)


def address(peer, forwarded=None):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory(REMOTE_ADDR=peer).get("/", headers=headers))


@pytest.fixture
def proxies(settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        # A unix socket has no address.
        ("", ""),
        ("unix:", ""),
    ],
)
def test_the_peer_of_the_connection_is_the_caller(peer, expected):
    assert address(peer) == expected


@pytest.mark.parametrize("peer", ["203.0.113.7", "2001:db8::7"])
def test_a_client_that_is_not_a_trusted_proxy_cannot_forge_its_address(proxies, peer):
    assert address(peer, "198.51.100.1") == peer


def test_no_proxy_is_trusted_by_default():
    assert address("127.0.0.1", "198.51.100.1") == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        # A chain of proxies.
        ("203.0.113.7, 10.0.0.2,fd00::3", "203.0.113.7"),
        # Entries to the left may be made up.
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.9, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        # Proxies only: the furthest of them is the caller.
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ],
)
@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_trusted_proxy_names_the_caller(proxies, peer, forwarded, expected):
    assert address(peer, forwarded) == expected


@pytest.mark.parametrize(
    "forwarded", ["", ",", "unknown", "_hidden", "1.2.3.4.5", "[", "[]:1", ":::", "%", "x" * 9000]
)
def test_an_invalid_address_falls_back_to_the_proxy_that_sent_it(proxies, forwarded):
    assert address("10.0.0.1", f"203.0.113.7, {forwarded}") == "10.0.0.1"
    assert address("10.0.0.1", f"203.0.113.7, {forwarded}, 10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.7", "203.0.113.8", False),
        ("", "", True),
    ],
)
def test_a_limit_by_address_counts_ipv6_by_its_64_bits(one, other, is_same):
    assert (subscriber_of(one) == subscriber_of(other)) is is_same
