"""Bases of the errors that answer a request, by their status; a subclass has a code and a text."""

from http import HTTPStatus

from rest_framework.exceptions import APIException

# After which a client may try again, when it is not known when that helps.
RETRY_AFTER_SECONDS = 1


class Conflict(APIException):
    """409: the request does not fit the current state."""

    status_code = HTTPStatus.CONFLICT


class TooManyRequests(APIException):
    """429: the caller has reached a limit. `wait` is after how many seconds it may try again."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    wait = RETRY_AFTER_SECONDS


class Unavailable(APIException):
    """503: the service cannot answer now. `wait` is as in TooManyRequests."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    wait = RETRY_AFTER_SECONDS
