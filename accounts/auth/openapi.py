"""OpenAPI descriptions of signing in and up."""

from functools import partial

from rest_framework import serializers

from accounts.auth.serializers import (
    PasswordChange,
    PasswordChoice,
    PasswordResetInput,
    SignedInSerializer,
    SignInInput,
    SignUpInput,
)
from accounts.profile.openapi import PROFILE
from gatewayz.api.openapi import Shape, described

_SECRET = "gw_live_ab…"  # noqa: S105 - an example

_GIVEN = {"email": "ada@example.com", "password": "correct horse battery staple"}
_entry = partial(
    described,
    answer=Shape(
        SignedInSerializer,
        {
            "user": PROFILE,
            "api_key": _SECRET,
            "key_id": 12,
            "expiration_date": "2026-03-31T12:00:00Z",
            "is_new_user": False,
        },
    ),
    beside={
        "api_key": Shape(serializers.CharField, _SECRET),
        "user_id": Shape(serializers.IntegerField, 7),
        "email": Shape(serializers.CharField(allow_null=True), "ada@example.com"),
        "display_name": Shape(serializers.CharField, "ada"),
        "privy_user_id": Shape(serializers.CharField(allow_null=True), None),
        "auth_method": Shape(serializers.CharField(help_text="`privy` or `email`"), "email"),
        "is_new_user": Shape(serializers.BooleanField, False),
    },
    public=True,
)

sign_in = _entry(
    "Sign in with a Privy token, or e-mail address and password, to get an API key",
    name="signIn",
    request=Shape(SignInInput, _GIVEN),
    problems=(401, 409),
)
sign_up = _entry(
    "Sign up with an e-mail address: 202 and an e-mailed link, or 201 and an API key",
    name="signUp",
    request=Shape(SignUpInput, _GIVEN),
    status=201,
    may_answer_202=True,
    problems=(403, 409),
)


request_password_reset = described(
    "Request a password reset link; the answer does not say whether one was sent",
    name="requestPasswordReset",
    problems=(403,),
    request=Shape(PasswordResetInput, {"email": "ada@example.com"}),
    public=True,
)
reset_password = described(
    "Set a password with the token from a reset or sign-up link",
    name="resetPassword",
    request=Shape(
        PasswordChoice, {"token": "gAAAAAB…", "new_password": "purple monkey dishwasher 9"}
    ),
    public=True,
)


class EndedKeys(serializers.Serializer):
    ended_keys = serializers.IntegerField(
        help_text="Number of keys of other sign-ins that were deleted."
    )


change_password = described(
    "Change your password and end your other sign-ins",
    name="changePassword",
    request=Shape(
        PasswordChange,
        {
            "current_password": "correct horse battery staple",
            "new_password": "purple monkey dishwasher 9",
        },
    ),
    answer=Shape(EndedKeys, {"ended_keys": 2}),
)
