"""Middleware that adds the limits' headers and settles a request after its response."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from accounts.audit.rejected_requests import REJECTED, keep_rejected
from accounts.limits.admission import clear_admission, current_admission


class LimitsMiddleware:
    """Add `RateLimit-*` headers to limited requests; release slots after the response.

    Rejected requests are kept for the operators' look-up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_admission()
        response = self.get_response(request)
        if response.status_code in REJECTED:
            keep_rejected(request, response)
        admission = current_admission()
        if admission is not None:
            for name, value in admission.decision.headers().items():
                response.headers[name] = value
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                admission.tokens = 0  # a failed request stored nothing
            if admission.is_open:
                # The server closes a response after sending it.
                response._resource_closers.append(admission.settle)  # type: ignore[attr-defined]
        return response
