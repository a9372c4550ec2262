"""The HTTP face of signing in and up: public, and throttled."""

from http import HTTPStatus

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.auth import openapi
from accounts.auth.passwords import register, user_with_password
from accounts.auth.privy import user_of_token
from accounts.auth.serializers import SignedInSerializer, SignInInput, SignUpInput
from accounts.auth.sign_in import sign_in
from accounts.auth.throttling import admit_sign_in, admit_sign_up
from accounts.models import User
from gatewayz.client_address import client_address
from gatewayz.envelope import success


@openapi.sign_in
class SignInView(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        given = SignInInput(data=request.data)
        given.is_valid(raise_exception=True)
        token, email = (given.validated_data.get(name) for name in ("token", "email"))
        admit_sign_in(client_address(request), None if token else email)
        if token:
            user, is_new = user_of_token(token)
        else:
            user = user_with_password(email, given.validated_data["password"])
            is_new = False
        return _signed_in(user, is_new=is_new, method="privy" if token else "email")


@openapi.sign_up
class SignUpView(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        if not settings.EMAIL_SIGN_UP:
            raise PermissionDenied("Nobody can sign up here by e-mail.", code="sign_up_closed")
        given = SignUpInput(data=request.data)
        given.is_valid(raise_exception=True)
        admit_sign_up(client_address(request))
        user = register(**given.validated_data)
        return _signed_in(user, is_new=True, method="email", status=HTTPStatus.CREATED)


def _signed_in(
    user: User, *, is_new: bool, method: str, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    key, secret = sign_in(user)
    answer = SignedInSerializer(
        {
            "user": user,
            "api_key": secret,
            "key_id": key.pk,
            "expiration_date": key.expiration_date,
            "is_new_user": is_new,
        }
    )
    response = success(
        answer.data,
        message="Signed in successfully",
        status=status,
        # Beside `data` too, where clients of the old service look.
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
