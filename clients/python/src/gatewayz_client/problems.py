"""The exceptions that this client raises."""

from __future__ import annotations

from typing import Any

import httpx


class GatewayzError(Exception):
    """The base class of this client's exceptions."""


class UnreachableError(GatewayzError):
    """No complete answer came; the service may have executed the request."""


class ProblemError(GatewayzError):
    """The service answered with a problem object (RFC 9457).

    `code` is the reason for programs, `detail` a sentence to show to people, `errors` what is
    wrong by field, `retry_after_seconds` when to ask again.
    """

    def __init__(self, response: httpx.Response) -> None:
        problem = _object(response)
        self.status = response.status_code
        self.code = str(problem.get("code", f"http_{response.status_code}"))
        self.detail = str(problem.get("detail", response.reason_phrase))
        self.errors: dict[str, Any] = problem.get("errors") or {}
        self.request_id = response.headers.get("X-Request-ID", "")
        retry_after = response.headers.get("Retry-After", "")
        self.retry_after_seconds = float(retry_after) if retry_after.isdecimal() else None
        super().__init__(f"{self.status} {self.code}: {self.detail}")


class InvalidError(ProblemError):
    """400, 413, 415, 422: the request is not valid."""


class UnauthorizedError(ProblemError):
    """401: the key is missing, unknown, inactive or expired."""


class ForbiddenError(ProblemError):
    """403: the key may not do this, or not from this address or site."""


class NotFoundError(ProblemError):
    """404: it does not exist, or is not yours."""


class ConflictError(ProblemError):
    """409: the request conflicts with the current state."""


class LimitError(ProblemError):
    """429: a limit is reached; `code` names it."""


class UnavailableError(ProblemError):
    """503: the service could not answer in time."""


_ERRORS: dict[int, type[ProblemError]] = {
    400: InvalidError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidError,
    415: InvalidError,
    422: InvalidError,
    429: LimitError,
    503: UnavailableError,
}


def problem_of(response: httpx.Response) -> ProblemError:
    """The exception for an answer that is not a success."""
    return _ERRORS.get(response.status_code, ProblemError)(response)


def _object(response: httpx.Response) -> dict[str, Any]:
    """The problem object; empty when a proxy answered in its own way."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
