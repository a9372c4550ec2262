"""Allow-lists of addresses and referrers."""

import pytest
from django.core.exceptions import ValidationError

from accounts.principals.allowlists import (
    allows_address,
    allows_referrer,
    validate_domain_referrers,
    validate_ip_allowlist,
)


@pytest.mark.parametrize(
    ("allowlist", "address", "allowed"),
    [
        ((), "203.0.113.7", True),
        ((), "", True),
        (("203.0.113.7",), "203.0.113.7", True),
        (("203.0.113.7",), "203.0.113.8", False),
        (("203.0.113.0/24",), "203.0.113.255", True),
        (("203.0.113.0/24",), "203.0.114.0", False),
        (("2001:db8::/32",), "2001:db8:1::1", True),
        (("2001:db8::/32",), "2001:db9::1", False),
        (("10.0.0.0/8", "2001:db8::1"), "2001:db8::1", True),
        (("0.0.0.0/0",), "2001:db8::1", False),
        (("0.0.0.0/0", "::/0"), "", False),
        (("nonsense",), "203.0.113.7", False),
        (("nonsense", "203.0.113.7"), "203.0.113.7", True),
    ],
)
def test_an_address_is_allowed_by_the_networks(allowlist, address, allowed):
    assert allows_address(allowlist, address) is allowed


@pytest.mark.parametrize(
    ("allowlist", "origin", "referrer", "allowed"),
    [
        ((), "", "", True),
        (("example.com",), "https://example.com", "", True),
        (("example.com",), "https://EXAMPLE.com:8443", "", True),
        (("example.com",), "", "https://example.com/page?q=1", True),
        # A sandboxed frame has no origin.
        (("example.com",), "null", "https://example.com/page", True),
        (("example.com",), "", "", False),
        (("example.com",), "https://evil.com", "https://example.com/", False),
        (("example.com",), "https://example.com.evil.com", "", False),
        (("example.com",), "https://evilexample.com", "", False),
        (("example.com",), "https://evil.com/example.com", "", False),
        (("example.com",), "https://example.com@evil.com", "", False),
        (("example.com",), "https://www.example.com", "", False),
        (("*.example.com",), "https://www.example.com", "", True),
        (("*.example.com",), "https://a.b.example.com", "", True),
        (("*.example.com",), "https://example.com", "", False),
        (("*.example.com",), "https://evilexample.com", "", False),
        (("localhost",), "http://localhost:3000", "", True),
        (("example.com",), "http://[", "http://[", False),
    ],
)
def test_a_referrer_is_allowed_by_its_host(allowlist, origin, referrer, allowed):
    assert allows_referrer(allowlist, origin, referrer) is allowed


@pytest.mark.parametrize(
    "given",
    [
        None,
        "10.0.0.0/8",
        [1],
        [""],
        ["10.0.0.1/8"],  # an address within the network, not the network
        ["10.0.0.0/33"],
        ["10.0.0.0/" + "0" * 100 + "8"],
        ["fe80::1%eth0/64"],
        ["example.com"],
        ["10.0.0.1"] * 101,
    ],
    ids=str,
)
def test_an_invalid_network_is_rejected(given):
    with pytest.raises(ValidationError):
        validate_ip_allowlist(given)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "example.com",
        [1],
        [""],
        ["*"],
        ["*.*.com"],
        ["https://example.com"],
        ["example.com/path"],
        ["Example.com"],
        ["a..b"],
        ["-a.com"],
        ["x" * 64 + ".com"],
        ["a." * 127 + "a"],
    ],
    ids=str,
)
def test_an_invalid_host_name_is_rejected(given):
    with pytest.raises(ValidationError):
        validate_domain_referrers(given)


def test_valid_networks_and_host_names_are_accepted():
    validate_ip_allowlist(["203.0.113.7", "10.0.0.0/8", "2001:db8::/32", "::1"])
    validate_domain_referrers(
        ["localhost", "example.com", "*.example.com", "xn--bcher-kva.example"]
    )
