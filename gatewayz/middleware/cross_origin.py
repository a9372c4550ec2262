"""Which other sites' pages may call the API: those of CORS_ALLOWED_ORIGINS."""

from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers


class CrossOriginMiddleware(CorsMiddleware):
    """django-cors-headers, past which go requests that no page of another site has made."""

    def __init__(self, get_response: Any) -> None:
        if not settings.CORS_ALLOWED_ORIGINS:
            raise MiddlewareNotUsed
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> Any:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response: Any = self.get_response(request)
        # For caches: with an Origin the answer would have been another.
        patch_vary_headers(response, ("origin",))
        return response
