"""Conditional GET by ETag: answers 304 to a client that already has the response."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import http
from django.utils.cache import get_conditional_response, set_response_etag


class ConditionalGetMiddleware(http.ConditionalGetMiddleware):
    """Django's middleware, by RFC 9110.

    HEAD gets the ETag that GET gets (9.3.2), which Django leaves out. `If-Unmodified-Since` is
    ignored without `Last-Modified` (13.1.4), where Django answers 412.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming:  # WhiteNoise has handled its own files
            return response
        if not response.has_header("Last-Modified"):
            request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
        if request.method == "HEAD" and self.needs_etag(response):
            whole = cast("HttpResponse", response)
            if not whole.has_header("ETag"):
                set_response_etag(whole)
            conditional = get_conditional_response(request, etag=whole["ETag"], response=whole)
            return cast("HttpResponse", conditional)
        return super().process_response(request, response)
