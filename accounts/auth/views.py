"""Views for signing in and up and for passwords, most of them public, all of them throttled."""

from http import HTTPStatus

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.auth import openapi
from accounts.auth.passwords import (
    change_password,
    choose_password,
    register,
)
from accounts.auth.serializers import (
    PasswordChange,
    PasswordChoice,
    PasswordResetInput,
    SignedInSerializer,
    SignInInput,
    SignUpInput,
)
from accounts.auth.sign_in import proven_user, sign_in
from accounts.auth.throttling import (
    admit_link,
    admit_password_change,
    admit_reset,
    admit_sign_up,
)
from accounts.confirmation import mails
from accounts.confirmation.links import DeadLink, PasswordLink, unseal
from accounts.models import User
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented, validated
from gatewayz.api.view import ApiView, PublicView
from gatewayz.request.client_address import client_address


class SignInView(PublicView):
    @openapi.sign_in
    def post(self, request: Request) -> JSONResponse:
        given = validated(SignInInput, request.data)
        user, is_new = proven_user(client_address(request), given)
        method = "privy" if given.get("token") else "email"
        return _signed_in(user, is_new=is_new, method=method)


class SignUpView(PublicView):
    @openapi.sign_up
    def post(self, request: Request) -> JSONResponse:
        if not settings.EMAIL_SIGN_UP:
            raise PermissionDenied(
                "Signing up by e-mail is switched off on this server.", code="sign_up_closed"
            )
        given = validated(SignUpInput, request.data)
        admit_sign_up(client_address(request))
        if settings.SIGN_UP_CONFIRMS_EMAIL:
            mails.require_mail_server()
            mails.enqueue(mails.SignUp(given["email"]))
            return success(
                None,
                message="A link was sent to this address: open it to choose your password, then "
                "sign in.",
                status=HTTPStatus.ACCEPTED,
            )
        user = register(given["email"], given.get("password", ""))
        return _signed_in(user, is_new=True, method="email", status=HTTPStatus.CREATED)


class PasswordResetView(PublicView):
    @openapi.request_password_reset
    def post(self, request: Request) -> JSONResponse:
        # Clients of the old service send the address in the query string.
        given = validated(PasswordResetInput, request.data or request.query_params)
        mails.require_mail_server()
        admit_reset(client_address(request))
        mails.enqueue(mails.Reset(given["email"]))
        return success(
            None,
            message="If an account with that email exists, a password reset link has been sent.",
        )


class PasswordChoiceView(PublicView):
    @openapi.reset_password
    def post(self, request: Request) -> JSONResponse:
        given = validated(PasswordChoice, request.data or request.query_params)
        admit_link(client_address(request))
        link: PasswordLink | None = unseal(given["token"], PasswordLink)
        if link is None:
            raise DeadLink
        choose_password(link, given["new_password"])
        return success(None, message="Password reset successfully. Sign in with it now.")


class PasswordView(ApiView):
    # Needs full access to the account and the current password.
    scope_resource = "profile"
    scope_level = "admin"

    @openapi.change_password
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(PasswordChange, request.data)
        admit_password_change(request.user.user_id)
        ended = change_password(request.user, **given)
        return success(
            {"ended_keys": ended}, message="Password changed. Your other sign-ins have ended."
        )


def _signed_in(
    user: User, *, is_new: bool, method: str, status: HTTPStatus = HTTPStatus.OK
) -> JSONResponse:
    key, secret = sign_in(user)
    answer = {
        "user": user,
        "api_key": secret,
        "key_id": key.pk,
        "expiration_date": key.expiration_date,
        "is_new_user": is_new,
    }
    response = success(
        represented(SignedInSerializer, answer),
        message="Signed in successfully",
        status=status,
        # Repeated beside `data`, where clients of the old service look.
        api_key=secret,
        user_id=user.pk,
        email=user.email,
        display_name=user.username,
        privy_user_id=user.privy_user_id,
        auth_method=method,
        is_new_user=is_new,
    )
    response["Cache-Control"] = "no-store"
    return response
