"""Request bodies of the key cache's endpoints."""

from rest_framework import serializers

from accounts.access.key_lookup import MAX_TTL_SECONDS


class KeyCacheInput(serializers.Serializer):
    ttl_seconds = serializers.IntegerField(min_value=1, max_value=MAX_TTL_SECONDS)


class KeyCacheClearInput(serializers.Serializer):
    api_key = serializers.CharField(max_length=100, required=False)
