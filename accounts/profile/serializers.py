"""Request and response bodies of the profile, and the form of exported rows."""

import unicodedata
from typing import Any

from rest_framework import serializers

from accounts.fields import AddressField
from accounts.key_limits.serializers import RateLimits
from accounts.models import (
    ActivityDay,
    ApiKey,
    ApiKeyDay,
    ApiKeyNetwork,
    Credit,
    RateLimitConfig,
    Referral,
    ReferralCode,
    User,
)
from accounts.models.users import MAX_RETENTION_DAYS
from gatewayz.api.bodies import encode
from gatewayz.api.serializing import BoundedDictField
from gatewayz.api.storable_json import check_storable

CONFIRMATION = "DELETE_ACCOUNT"
MAX_CLIENT_DATA_BYTES = 16_384
MAX_CLIENT_NAMES = 1_000


class ProfileSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField(source="id")
    settings = serializers.DictField(read_only=True)
    preferences = serializers.DictField(read_only=True)

    class Meta:
        model = User
        fields = [
            "id",
            "user_id",
            "username",
            "name",
            "email",
            "email_verified_at",
            "privy_user_id",
            "settings",
            "preferences",
            "chat_retention_days",
            "delete_chats_after_days",
            "is_active",
            "created_at",
            "updated_at",
        ]
        # Without the labels that they have in the admin.
        extra_kwargs = {"email": {"label": ""}, "email_verified_at": {"label": ""}}


class ClientDataField(BoundedDictField):
    """An object that a client keeps in the profile."""

    def to_internal_value(self, data: Any) -> Any:
        data = super().to_internal_value(data)
        check_storable(data)
        if len(encode(data)) > MAX_CLIENT_DATA_BYTES:
            raise serializers.ValidationError(
                f"This may have at most {MAX_CLIENT_DATA_BYTES:,} bytes of JSON."
            )
        return data


class ProfileChange(serializers.Serializer):
    """Changes to the profile; absent fields stay unchanged, and one must be there."""

    name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    settings = ClientDataField(
        max_length=MAX_CLIENT_NAMES, required=False, help_text="Replaces the ones that are there."
    )
    preferences = ClientDataField(
        max_length=MAX_CLIENT_NAMES, required=False, help_text="Replaces the ones that are there."
    )
    username = serializers.CharField(max_length=254, required=False)
    email = AddressField(
        required=False, help_text="Is sent a link; opening it makes this the user's address."
    )
    chat_retention_days = serializers.IntegerField(
        min_value=0,
        max_value=MAX_RETENTION_DAYS,
        required=False,
        allow_null=True,
        help_text="Days that deleted chats stay in the trash; 0: for ever; null: the default.",
    )
    delete_chats_after_days = serializers.IntegerField(
        min_value=1,
        max_value=MAX_RETENTION_DAYS,
        required=False,
        allow_null=True,
        help_text="Days after its last message in which a chat goes to the trash, unless it is "
        "pinned; null: never.",
    )

    def validate_username(self, username: str) -> str:
        if any(unicodedata.category(character).startswith("C") for character in username):
            raise serializers.ValidationError("This contains invisible characters.")
        return unicodedata.normalize("NFKC", username)

    def to_internal_value(self, data: Any) -> Any:
        # Clients of the old service send null for what stays unchanged.
        if isinstance(data, dict):
            kept = {"chat_retention_days", "delete_chats_after_days"}
            data = {name: data[name] for name in data if data[name] is not None or name in kept}
        return super().to_internal_value(data)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if not given:
            raise serializers.ValidationError("At least one profile field must be provided.")
        return given


class ErasureInput(serializers.Serializer):
    confirmation = serializers.CharField(help_text=f'"{CONFIRMATION}": this cannot be undone.')

    def validate_confirmation(self, confirmation: Any) -> Any:
        if confirmation != CONFIRMATION:
            raise serializers.ValidationError(f'Send "{CONFIRMATION}" to erase the account.')
        return confirmation


class ExportedKeySerializer(serializers.ModelSerializer):
    """An exported key: its name and rights, without the secret."""

    api_key = serializers.CharField(source="masked")

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "key_name",
            "api_key",
            "environment_tag",
            "is_active",
            "is_primary",
            "scope_permissions",
            "ip_allowlist",
            "domain_referrers",
            "max_requests",
            "requests_used",
            "made_at_sign_in",
            "expiration_date",
            "created_at",
            "updated_at",
            "last_used_at",
        ]


class SignInDataSerializer(serializers.ModelSerializer):
    """How a user signs in, without the password."""

    has_password = serializers.BooleanField(source="has_usable_password")

    class Meta:
        model = User
        fields = ["email", "email_verified_at", "privy_user_id", "has_password", "last_login"]


class KeyLimitsSerializer(serializers.ModelSerializer):
    class Meta:
        model = RateLimitConfig
        fields = ["api_key_id", *RateLimits().fields, "updated_at"]


class KeyDaySerializer(serializers.ModelSerializer):
    spend = serializers.FloatField()

    class Meta:
        model = ApiKeyDay
        fields = ["api_key_id", "day", "requests", "tokens", "spend"]


class KeyNetworkSerializer(serializers.ModelSerializer):
    class Meta:
        model = ApiKeyNetwork
        fields = ["api_key_id", "network", "first_seen_on", "last_seen_on"]


class ReferralCodeSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReferralCode
        fields = ["code", "max_uses", "created_at"]


class ReferredBySerializer(serializers.ModelSerializer):
    """Shows that a code was used, not whose it is."""

    bonus = serializers.FloatField()

    class Meta:
        model = Referral
        fields = ["id", "bonus", "created_at", "completed_at"]


class CreditSerializer(serializers.ModelSerializer):
    amount = serializers.FloatField()

    class Meta:
        model = Credit
        fields = ["id", "amount", "reason", "cause", "created_at"]


class ActivityDaySerializer(serializers.ModelSerializer):
    spend = serializers.FloatField()

    class Meta:
        model = ActivityDay
        fields = ["day", "model", "provider", "requests", "tokens", "spend"]


class ExportInput(serializers.Serializer):
    format = serializers.ChoiceField(
        choices=["ndjson", "zip", "json", "markdown", "html"], default="ndjson"
    )
