"""CORS: lets pages of the sites in CORS_ALLOWED_ORIGINS call the API."""

from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers


class CrossOriginMiddleware(CorsMiddleware):
    """django-cors-headers, skipped for requests without an Origin header."""

    def __init__(self, get_response: Any) -> None:
        if not settings.CORS_ALLOWED_ORIGINS:
            raise MiddlewareNotUsed
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> Any:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response: Any = self.get_response(request)
        # Tells caches that the response to a request with an Origin differs.
        patch_vary_headers(response, ("origin",))
        return response
