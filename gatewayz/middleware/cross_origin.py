"""CORS: lets pages of the sites in CORS_ALLOWED_ORIGINS call the API."""

import re
from typing import Any

from corsheaders.middleware import ACCESS_CONTROL_ALLOW_HEADERS, CorsMiddleware
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers

# OpenAI's clients describe themselves in a changing set of headers.
OPENAI_HEADERS = re.compile(r"x-stainless-[a-z-]{1,40}")


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

    def add_response_headers(self, request: HttpRequest, response: Any) -> Any:
        super().add_response_headers(request, response)
        allowed = response.get(ACCESS_CONTROL_ALLOW_HEADERS)
        if allowed is not None:
            asked = request.headers.get("access-control-request-headers", "").lower().split(",")
            own = filter(OPENAI_HEADERS.fullmatch, map(str.strip, asked))
            response[ACCESS_CONTROL_ALLOW_HEADERS] = ", ".join([allowed, *own])
        return response
