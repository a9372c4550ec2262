"""Request and response bodies of signing in and up."""

from typing import Any

from rest_framework import serializers

from accounts.fields import AddressField
from accounts.profile.serializers import ProfileSerializer

MAX_TOKEN_CHARS = 8_192
# Django does not hash longer passwords.
MAX_PASSWORD_CHARS = 4_096


class PasswordField(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=MAX_PASSWORD_CHARS, trim_whitespace=False, write_only=True, **options
        )


class SignInInput(serializers.Serializer):
    token = serializers.CharField(
        max_length=MAX_TOKEN_CHARS, required=False, help_text="A Privy access token."
    )
    email = serializers.CharField(max_length=254, required=False)
    password = PasswordField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if "token" not in given and not {"email", "password"} <= given.keys():
            raise serializers.ValidationError("Send `token`, or `email` and `password`.")
        return given


class SignUpInput(serializers.Serializer):
    email = AddressField()
    password = PasswordField(
        required=False,
        help_text="Ignored where sign-up sends a link: the password is then chosen on its page.",
    )


class PasswordResetInput(serializers.Serializer):
    email = AddressField()


class PasswordChoice(serializers.Serializer):
    token = serializers.CharField(help_text="From the link in the e-mail.")
    new_password = PasswordField()


class PasswordChange(serializers.Serializer):
    current_password = PasswordField()
    new_password = PasswordField()


class SignedInSerializer(serializers.Serializer):
    user = ProfileSerializer()
    api_key = serializers.CharField(help_text="Shown only once.")
    key_id = serializers.IntegerField()
    expiration_date = serializers.DateTimeField()
    is_new_user = serializers.BooleanField()
