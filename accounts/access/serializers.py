"""The JSON of accounts, as clients send and get it."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.access.key_lookup import MAX_TTL_SECONDS
from accounts.principals.email_addresses import MAX_CHARS, canonical, validate_address


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 9_999_999_999.99})
class DollarField(serializers.DecimalField):
    """An amount of US dollars to the cent, which is a JSON number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, min_value=Decimal(0), **options)

    def to_representation(self, value: Decimal) -> float:  # type: ignore[override]
        return float(value)


class AddressField(serializers.EmailField):
    """An e-mail address that somebody sends, in its canonical form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_CHARS, **options)
        self.validators.append(validate_address)

    def to_internal_value(self, data: Any) -> str:
        return canonical(super().to_internal_value(data))


class KeyCacheInput(serializers.Serializer):
    ttl_seconds = serializers.IntegerField(min_value=1, max_value=MAX_TTL_SECONDS)


class KeyCacheClearInput(serializers.Serializer):
    api_key = serializers.CharField(max_length=100, required=False)
