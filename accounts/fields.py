"""Serializer fields that several features of accounts use."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.principals.email_addresses import MAX_CHARS, canonical, validate_address


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 9_999_999_999.99})
class DollarField(serializers.DecimalField):
    """An amount in US dollars with two decimals; a number in JSON."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, min_value=Decimal(0), **options)

    def to_representation(self, value: Decimal) -> float:  # type: ignore[override]
        return float(value)


class AddressField(serializers.EmailField):
    """An e-mail address from a client, converted to its canonical form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_CHARS, **options)
        # It checks all that EmailField's own validator does, whose message would be a second one.
        self.validators[-1] = validate_address

    def to_internal_value(self, data: Any) -> str:
        return canonical(super().to_internal_value(data))
