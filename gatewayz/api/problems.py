"""Turns every error of Django and DRF into an RFC 9457 problem object."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from redis.exceptions import RedisError
from rest_framework import exceptions

from gatewayz.api.bodies import MEDIA_TYPE, JSONResponse
from gatewayz.api.openai_errors import OPENAI_PATHS, add_openai_error
from gatewayz.errors import RETRY_AFTER_SECONDS
from gatewayz.request import deadline
from gatewayz.request.context import current_request, current_request_id
from gatewayz.request.deadline import DeadlineExceeded
from gatewayz.telemetry.metrics.requests import count_problem

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
MAX_MESSAGE = 500
MAX_ERRORS = 100

# SQLSTATE of a row that refers to one that does not exist.
_FOREIGN_KEY_VIOLATION = "23503"

# How the SQLSTATE begins when PostgreSQL rejects a value: it does not fit its type, exceeds a
# limit, is not a valid search query, or cannot be parsed for an unforeseen reason.
_INVALID_VALUE_STATES = ("22", "54", "42601", "XX000")
_INVALID_VALUE = "The request contains a value that cannot be stored or searched for."


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a problem object (https://www.rfc-editor.org/rfc/rfc9457).

    Args:
        status: the HTTP status.
        code: the reason, for programs.
        detail: a sentence that clients can show to people.
        errors: messages by field.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "request_id": current_request_id(),
    }
    if errors is not None:
        body["errors"] = errors
    return body


# Where people see pages for errors, too.
_PAGES = ("/admin/", "/keys")


class PageResponse(HttpResponse):
    """A page for people, which stays a page even if it reports an error."""


def problem_response(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a response with a problem object, for code outside DRF's views."""
    return _answer(problem(status, code, detail), headers)


def exception_handler(exc: Exception, context: dict[str, Any]) -> JSONResponse | None:
    """DRF's EXCEPTION_HANDLER: return a problem response for `exc`.

    Returns None when the service is at fault; Django then logs the error and answers with
    `server_error`.
    """
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif _is_foreign_key_violation(exc):
        # The session, or the caller's account, was erased after the view had found it.
        exc = exceptions.NotFound("What this belongs to no longer exists.")

    if isinstance(exc, exceptions.APIException):
        return response_to(exc)
    if is_invalid_value(exc):
        # Nothing is at risk, but our own validation should have caught it.
        logger.error("PostgreSQL rejected a value of a request", exc_info=exc)
        return problem_response(HTTPStatus.BAD_REQUEST, "invalid_value", _INVALID_VALUE)
    if isinstance(exc, (OperationalError, InterfaceError)):
        return _unavailable("database", exc)
    if isinstance(exc, RedisError):
        return _unavailable("cache", exc)
    return None


def response_to(exc: exceptions.APIException) -> JSONResponse:
    """Return the problem response for one of our or DRF's errors."""
    if isinstance(exc, exceptions.ValidationError):
        body = _validation_problem(exc)
    else:
        body = problem(exc.status_code, _code_of(exc), str(exc.detail))
    return _answer(body, _headers_of(exc))


def _answer(body: dict[str, Any], headers: Mapping[str, str] | None) -> JSONResponse:
    count_problem(body["status"], body["code"])
    return JSONResponse(body, body["status"], headers, PROBLEM_JSON)


def _is_foreign_key_violation(exc: Exception) -> bool:
    cause = getattr(exc.__cause__, "sqlstate", None)
    return isinstance(exc, IntegrityError) and cause == _FOREIGN_KEY_VIOLATION


def is_invalid_value(exc: Exception) -> bool:
    """Whether PostgreSQL or its driver rejected a value."""
    if isinstance(exc, DataError):
        return True
    sqlstate = getattr(exc.__cause__, "sqlstate", None) or ""
    return isinstance(exc, DatabaseError) and sqlstate.startswith(_INVALID_VALUE_STATES)


def _unavailable(part: str, exc: Exception) -> JSONResponse:
    # The exception's text names hosts and statements, so it only goes to the log.
    logger.error("The %s is unavailable", part, exc_info=exc)
    if deadline.has_passed():
        return response_to(DeadlineExceeded())
    return problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{part}_unavailable",
        f"The {part} did not answer in time. Please try again.",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _headers_of(exc: exceptions.APIException) -> dict[str, str]:
    headers: dict[str, str] = dict(getattr(exc, "headers", {}))
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(exc.wait)  # type: ignore[attr-defined]
    return headers


def _code_of(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else exc.default_code


def _validation_problem(exc: exceptions.ValidationError) -> dict[str, Any]:
    """Return the problem for invalid input; its `detail` is the first message."""
    detail = _shortened(exc.detail)
    errors = detail if isinstance(detail, dict) else {"non_field_errors": detail}
    return problem(
        HTTPStatus.BAD_REQUEST,
        "validation_error",
        _first_message(errors),
        errors=errors,
    )


def _shortened(errors: Any) -> Any:
    """Return at most MAX_ERRORS of the errors, with texts of bounded length.

    Some texts repeat the input, which may be long, and a list has errors for each of its items.
    """
    if isinstance(errors, dict):
        first = islice(errors.items(), MAX_ERRORS)
        return {_shortened(str(field)): _shortened(inner) for field, inner in first}
    if isinstance(errors, list):
        return [_shortened(inner) for inner in errors]
    return errors if len(errors) <= MAX_MESSAGE else f"{errors[:MAX_MESSAGE]}…"


def _first_message(errors: Any, path: str = "") -> str:
    if isinstance(errors, dict):
        field, inner = next(iter(errors.items()))
        named = path if field == "non_field_errors" else f"{path}.{field}".lstrip(".")
        return _first_message(inner, named)
    if isinstance(errors, list) and errors:
        # A list has either messages or, for a list field, one entry per item.
        index, inner = next((i, item) for i, item in enumerate(errors) if item)
        return _first_message(inner, path if isinstance(inner, str) else f"{path}[{index}]")
    return f"{path}: {errors}" if path else str(errors)


class ProblemMiddleware:
    """Replaces error responses that are empty or HTML by problem objects.

    Django and WhiteNoise return such responses in many places: for a method that is not allowed,
    a precondition that failed, a range that does not exist. Pages of the admin and PageResponses
    stay. On the paths of OpenAI's API, a problem object also has an `error`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        response = self._as_problem(request, response)
        if request.path_info.startswith(OPENAI_PATHS):
            add_openai_error(response)
        return response

    def _as_problem(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if (
            response.get("Content-Type") in {PROBLEM_JSON, MEDIA_TYPE}
            or isinstance(response, PageResponse)
            or request.path_info.startswith("/admin/")
        ):
            return response
        status = HTTPStatus(response.status_code)
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in {"Content-Type", "Content-Length"}
        }
        return problem_response(
            status, status.name.lower(), f"{status.description or status.phrase}.", headers
        )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400, for a request that reached no view, such as one for a foreign host."""
    return problem_response(
        HTTPStatus.BAD_REQUEST, "bad_request", "The request could not be understood."
    )


class PageProblemMiddleware:
    """Shows a page of the admin for errors that the API answers with a problem object.

    These are values that PostgreSQL rejects (400), and what verbs of the API raise.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if isinstance(exc, exceptions.APIException):
            return admin_error_page(HTTPStatus(exc.status_code), str(exc.detail))
        if not is_invalid_value(exc):
            return None
        logger.error("PostgreSQL rejected a value of a request", exc_info=exc)
        return admin_error_page(HTTPStatus.BAD_REQUEST, _INVALID_VALUE)


def admin_error_page(status: HTTPStatus, text: str) -> PageResponse:
    """Return an error page of the admin, or of /keys if the current request is for that.

    It runs no statement: the database may be down.
    """
    request = current_request()
    context = {
        "title": status.phrase,
        "text": text,
        "status": status.value,
        "request_id": current_request_id(),
        "home": "keys-page" if request and request.path.startswith("/keys") else "admin:index",
    }
    page = render_to_string("gatewayz/admin_error.html", context)
    return PageResponse(page, status=status)


def _page_or_problem(
    request: HttpRequest, status: HTTPStatus, code: str, text: str, on_page: str | None = None
) -> HttpResponse:
    if request.path.startswith(_PAGES):
        return admin_error_page(status, on_page or text)
    return problem_response(status, code, text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the error of a form without a valid token (CSRF_FAILURE_VIEW)."""
    text = (
        "This form was opened before you last logged in, or cookies are blocked. "
        "Go back, reload the page and send it again."
    )
    return _page_or_problem(request, HTTPStatus.FORBIDDEN, "permission_denied", text)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    on_page = str(exception) or "You do not have the right to see or do this."
    return _page_or_problem(
        request, HTTPStatus.FORBIDDEN, "permission_denied", "You may not do this.", on_page
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404, for a path that leads nowhere."""
    on_page = "There is no such page, or the row has been deleted."
    return _page_or_problem(
        request, HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this path.", on_page
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500. Django has already logged the exception.

    A view with a page of its own for people has set `as_page` of the request.
    """
    text = "Something went wrong on our side. The request id helps us find out what."
    response = _page_or_problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", text)
    as_page: Callable[[HttpResponse], HttpResponse] | None = getattr(request, "as_page", None)
    return as_page(response) if as_page else response
