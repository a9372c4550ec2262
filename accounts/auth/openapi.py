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
from gatewayz.api.openapi import describe, described

_SECRET = "gw_live_ab…"  # noqa: S105 - an example

_entry = partial(
    described,
    request_example={"email": "ada@example.com", "password": "correct horse battery staple"},
    answer=SignedInSerializer(),
    example={
        "user": PROFILE,
        "api_key": _SECRET,
        "key_id": 12,
        "expiration_date": "2026-03-31T12:00:00Z",
        "is_new_user": False,
    },
    beside={
        "api_key": serializers.CharField(),
        "user_id": serializers.IntegerField(),
        "email": serializers.CharField(allow_null=True),
        "display_name": serializers.CharField(),
        "privy_user_id": serializers.CharField(allow_null=True),
        "auth_method": serializers.CharField(help_text="`privy` or `email`"),
        "is_new_user": serializers.BooleanField(),
    },
    example_beside={
        "api_key": _SECRET,
        "user_id": 7,
        "email": "ada@example.com",
        "display_name": "ada",
        "privy_user_id": None,
        "auth_method": "email",
        "is_new_user": False,
    },
    public=True,
)

sign_in = describe(
    post=_entry(
        "Sign in with a Privy token, or e-mail address and password, to get an API key",
        name="signIn",
        request=SignInInput,
        problems=(401, 409),
    )
)
sign_up = describe(
    post=_entry(
        "Sign up with an e-mail address: 202 and an e-mailed link, or 201 and an API key",
        name="signUp",
        request=SignUpInput,
        status=201,
        may_answer_202=True,
        problems=(403, 409),
    )
)


password_reset = describe(
    post=described(
        "Request a password reset link; the answer does not say whether one was sent",
        name="requestPasswordReset",
        problems=(403,),
        request=PasswordResetInput,
        request_example={"email": "ada@example.com"},
        public=True,
    )
)
password_choice = describe(
    post=described(
        "Set a password with the token from a reset or sign-up link",
        name="resetPassword",
        request=PasswordChoice,
        request_example={"token": "gAAAAAB…", "new_password": "purple monkey dishwasher 9"},
        public=True,
    )
)


class EndedKeys(serializers.Serializer):
    ended_keys = serializers.IntegerField(
        help_text="Number of keys of other sign-ins that were deleted."
    )


password = describe(
    post=described(
        "Change your password and end your other sign-ins",
        name="changePassword",
        request=PasswordChange,
        request_example={
            "current_password": "correct horse battery staple",
            "new_password": "purple monkey dishwasher 9",
        },
        answer=EndedKeys(),
        example={"ended_keys": 2},
    )
)
