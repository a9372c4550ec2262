"""Lets only TRUSTED_PROXIES say that a request came over HTTPS."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from gatewayz.request.client_address import is_from_proxy


class ForwardedSchemeMiddleware:
    """Removes `X-Forwarded-Proto` from a request that did not come through TRUSTED_PROXIES.

    Without TRUSTED_PROXIES, Django believes the header of every client: an unknown proxy cannot be
    told from a client, and a client deceives only itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        header = settings.SECURE_PROXY_SSL_HEADER
        if header is None or not settings.TRUSTED_PROXIES:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self._name: str = header[0]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._name in request.META and not is_from_proxy(request):
            del request.META[self._name]
        return self.get_response(request)
