"""Errors of signing in and up."""

from http import HTTPStatus

from rest_framework.exceptions import APIException

from gatewayz.errors import Conflict


class SignInDenied(APIException):
    """401. It does not distinguish a wrong password from an unknown e-mail address."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = "The e-mail address or the password is wrong."
    default_code = "wrong_credentials"
    auth_header = "Bearer"


class EmailTaken(Conflict):
    """409: another user has this e-mail address."""

    default_detail = "A user with this e-mail address already exists: sign in instead."
    default_code = "email_taken"
