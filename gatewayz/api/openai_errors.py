"""Errors as OpenAI's clients read them, beside what every problem object has."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from gatewayz.api.bodies import decode, encode

# Where paths in the shape of OpenAI's API begin.
OPENAI_PATHS = "/v1/conversations"

_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


def add_openai_error(response: HttpResponse) -> None:
    """Add `error` to the problem object in `response`."""
    problem = decode(response.content)
    response.content = encode({**problem, "error": _error_of(problem)})
    response.headers["Content-Length"] = str(len(response.content))


def _error_of(problem: dict[str, Any]) -> dict[str, Any]:
    is_ours = problem["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = "server_error" if is_ours else "invalid_request_error"
    return {
        "message": problem["detail"],
        "type": _TYPES.get(problem["status"], kind),
        "code": problem["code"],
        "param": next(iter(problem.get("errors", ())), None),
    }
