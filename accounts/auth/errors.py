"""Why nobody is signed in."""

from http import HTTPStatus

from rest_framework.exceptions import APIException


class SignInDenied(APIException):
    """A 401. It does not tell a wrong password from an e-mail address that nobody has."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = "The e-mail address or the password is wrong."
    default_code = "wrong_credentials"
    auth_header = "Bearer"


class EmailTaken(APIException):
    status_code = HTTPStatus.CONFLICT
    default_detail = "There is a user with this e-mail address already: sign in instead."
    default_code = "email_taken"
