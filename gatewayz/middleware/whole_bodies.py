"""Rejects a request whose body is not all there.

The server gives an application what it has got of a body, as if that were all: after a client
that went away half-way, a chunk that is none, or a connection that was shut. And it takes a body
that nothing announces for no body, as HTTP says. Either would create a session without the title
that its client gave it.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from gatewayz.api.problems import problem_response
from gatewayz.middleware.api_only import PAGES
from gatewayz.request.long_bodies import UPLOAD

# In the WSGI environment: the problem of the body, as `problem_response` takes it.
_PROBLEM = "gatewayz.body_problem"

_INCOMPLETE = (
    HTTPStatus.BAD_REQUEST,
    "incomplete_body",
    "The request body ended before it was complete.",
)
_LENGTH_REQUIRED = (
    HTTPStatus.LENGTH_REQUIRED,
    "length_required",
    "The request has a Content-Type and no Content-Length: send one, 0 when there is no body.",
)
_TOO_LARGE = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "payload_too_large",
    "The request body is too large.",
)


def note_missing_body(environ: dict[str, Any], received_bytes: int) -> None:
    """Note in a WSGI environment what is wrong when a body is not what its headers announce.

    A chunked body of nothing is one that has not come: its end cannot be told from a broken one.
    """
    declared = environ.get("CONTENT_LENGTH")
    if declared is not None:
        if received_bytes < int(declared):
            environ[_PROBLEM] = _INCOMPLETE
    elif "HTTP_TRANSFER_ENCODING" in environ:
        if not received_bytes:
            environ[_PROBLEM] = _INCOMPLETE
    elif "CONTENT_TYPE" in environ and environ["REQUEST_METHOD"] in {"POST", "PUT", "PATCH"}:
        environ[_PROBLEM] = _LENGTH_REQUIRED


class WholeBodyMiddleware:
    """Answers a request with a problem that `note_missing_body` has noted.

    And one for a page with a long body, of which no page reads anything.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        problem = request.META.get(_PROBLEM)
        if UPLOAD in request.META and request.path_info.startswith(PAGES):
            problem = _TOO_LARGE
        return self.get_response(request) if problem is None else problem_response(*problem)
