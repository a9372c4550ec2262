"""Rejects a request whose body is incomplete.

When a client goes away half-way, sends a malformed chunk or shuts the connection, the server
hands the application the part that it received, as if that were all. And when no header announces
a body, the server assumes that there is none, as HTTP says. In both cases the service might, for
instance, create a session without the title that its client gave it.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException

from gatewayz.api.bodies import IncompleteBody, PayloadTooLarge
from gatewayz.api.problems import response_to
from gatewayz.request.long_bodies import FILE_TYPE, UPLOAD

# The key in the WSGI environment of what is wrong, the class of an error.
_PROBLEM = "gatewayz.body_problem"


class LengthRequired(APIException):
    status_code = HTTPStatus.LENGTH_REQUIRED
    default_detail = (
        "The request has a Content-Type and no Content-Length: send one, 0 when there is no body."
    )
    default_code = "length_required"


def note_missing_body(environ: dict[str, Any], received_bytes: int) -> None:
    """Record in a WSGI environment that a body is not what its headers announce.

    An empty chunked body counts as incomplete: its end looks like that of a broken one.
    """
    declared = environ.get("CONTENT_LENGTH")
    if declared is not None:
        if received_bytes < int(declared):
            environ[_PROBLEM] = IncompleteBody
    elif "HTTP_TRANSFER_ENCODING" in environ:
        if not received_bytes:
            environ[_PROBLEM] = IncompleteBody
    elif "CONTENT_TYPE" in environ and environ["REQUEST_METHOD"] in {"POST", "PUT", "PATCH"}:
        environ[_PROBLEM] = LengthRequired


class WholeBodyMiddleware:
    """Answers with the problem that `note_missing_body` has recorded.

    Also rejects long bodies sent to pages, except by views that have `takes_long_bodies` and read
    a file as it arrives: Django would read a form before it knows who sends it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        problem = request.META.get(_PROBLEM)
        return self.get_response(request) if problem is None else response_to(problem())

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *given: Any
    ) -> HttpResponse | None:
        """Called for pages only: the API's views are called by a middleware."""
        takes_it = getattr(view, "takes_long_bodies", False) and request.content_type == FILE_TYPE
        return response_to(PayloadTooLarge()) if UPLOAD in request.META and not takes_it else None
