"""Only TRUSTED_PROXIES may say that a request came over HTTPS."""

from ipaddress import ip_network

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse
from django.test import RequestFactory

from gatewayz.middleware.forwarded_scheme import ForwardedSchemeMiddleware

PROXY, STRANGER = "10.0.0.1", "203.0.113.7"


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]


def is_secure(peer, **headers):
    request = RequestFactory(REMOTE_ADDR=peer).get("/", headers=headers)
    ForwardedSchemeMiddleware(lambda _: HttpResponse())(request)
    return request.is_secure()


def test_a_trusted_proxy_can_say_that_a_request_came_over_https():
    assert is_secure(PROXY, **{"X-Forwarded-Proto": "https"})
    assert not is_secure(PROXY, **{"X-Forwarded-Proto": "http"})
    assert not is_secure(PROXY)


@pytest.mark.parametrize("peer", [STRANGER, ""])
def test_another_peer_cannot_say_that_a_request_came_over_https(peer):
    assert not is_secure(peer, **{"X-Forwarded-Proto": "https"})


def test_without_trusted_proxies_the_scheme_is_left_to_django(settings):
    settings.TRUSTED_PROXIES = []

    with pytest.raises(MiddlewareNotUsed):
        ForwardedSchemeMiddleware(lambda _: HttpResponse())
