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

CONFIRMATION = "DELETE_ACCOUNT"


class ProfileSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField(source="id")

    class Meta:
        model = User
        fields = [
            "id",
            "user_id",
            "username",
            "email",
            "email_verified_at",
            "privy_user_id",
            "chat_retention_days",
            "is_active",
            "created_at",
            "updated_at",
        ]


class ProfileChange(serializers.Serializer):
    """Changes to the profile; absent fields stay unchanged."""

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

    def validate_username(self, username: str) -> str:
        if any(unicodedata.category(character).startswith("C") for character in username):
            raise serializers.ValidationError("This contains invisible characters.")
        return unicodedata.normalize("NFKC", username)


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
        fields = ["api_key_id", "network", "last_seen_on"]


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
    format = serializers.ChoiceField(choices=["ndjson", "zip"], default="ndjson")
