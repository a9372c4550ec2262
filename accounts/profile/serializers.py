"""The JSON of the profile."""

import unicodedata
from typing import Any

from rest_framework import serializers

from accounts.models import ActivityDay, ApiKey, User

CONFIRMATION = "DELETE_ACCOUNT"
MAX_RETENTION_DAYS = 36_500


class ProfileSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField(source="id")

    class Meta:
        model = User
        fields = [
            "id",
            "user_id",
            "username",
            "email",
            "privy_user_id",
            "chat_retention_days",
            "is_active",
            "created_at",
            "updated_at",
        ]


class ProfileChange(serializers.Serializer):
    """What is absent stays as it is."""

    username = serializers.CharField(max_length=254, required=False)
    email = serializers.EmailField(max_length=254, required=False)
    chat_retention_days = serializers.IntegerField(
        min_value=0,
        max_value=MAX_RETENTION_DAYS,
        required=False,
        allow_null=True,
        help_text="Days that deleted chats stay in the trash; 0 is for ever, null the default.",
    )

    def validate_username(self, username: str) -> str:
        if any(unicodedata.category(character).startswith("C") for character in username):
            raise serializers.ValidationError("This has characters that cannot be seen.")
        return unicodedata.normalize("NFKC", username)


class ErasureInput(serializers.Serializer):
    confirmation = serializers.CharField(help_text=f'"{CONFIRMATION}": this cannot be undone.')

    def validate_confirmation(self, confirmation: Any) -> Any:
        if confirmation != CONFIRMATION:
            raise serializers.ValidationError(f'Send "{CONFIRMATION}" to erase the account.')
        return confirmation


class ExportedKeySerializer(serializers.ModelSerializer):
    """A key as it is exported: what it is called and may do, not what opens it."""

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
            "expiration_date",
            "created_at",
            "updated_at",
            "last_used_at",
        ]


class ActivityDaySerializer(serializers.ModelSerializer):
    spend = serializers.FloatField()

    class Meta:
        model = ActivityDay
        fields = ["day", "model", "provider", "requests", "tokens", "spend"]


class ExportInput(serializers.Serializer):
    format = serializers.ChoiceField(choices=["ndjson", "zip"], default="ndjson")
