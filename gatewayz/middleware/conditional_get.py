"""Conditional GET by ETag: 304 for a client that has the answer already."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import http


class ConditionalGetMiddleware(http.ConditionalGetMiddleware):
    """Django's, which takes an answer without a date to have changed since any.

    RFC 9110, 13.1.4: without a `Last-Modified`, `If-Unmodified-Since` is ignored.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming:  # WhiteNoise has looked at the conditions of its files
            return response
        if not response.has_header("Last-Modified"):
            request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
        return super().process_response(request, response)
