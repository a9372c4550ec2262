"""Conditional GET by ETag: answers 304 to a client that already has the response."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import http


class ConditionalGetMiddleware(http.ConditionalGetMiddleware):
    """Django's middleware, except that it ignores `If-Unmodified-Since` without `Last-Modified`.

    Django answers 412 then; RFC 9110, 13.1.4, says to ignore the header.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming:  # WhiteNoise has handled its own files
            return response
        if not response.has_header("Last-Modified"):
            request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
        return super().process_response(request, response)
