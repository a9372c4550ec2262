"""Which requests came over HTTPS, as TRUSTED_PROXIES say and nobody else."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from gatewayz.request.client_address import is_from_proxy


class ForwardedSchemeMiddleware:
    """Takes `X-Forwarded-Proto` out of a request that none of TRUSTED_PROXIES has passed on.

    Where none is named, Django believes the header of whoever connects: proxies that are not
    known could not be told from others, and a caller deceives only itself.
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
