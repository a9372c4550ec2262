"""Query parameters and JSON of the audit log."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from accounts.models import AuditEntry
from gatewayz.api.paging import PageInput

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MAX_ID = 2**63 - 1


class EndField(serializers.DateTimeField):
    """The end of a period: a time, excluded, or a day (UTC), included."""

    def to_internal_value(self, value: Any) -> datetime:
        end: datetime = super().to_internal_value(value)
        if not _DAY.fullmatch(str(value)):
            return end
        try:
            return end + timedelta(days=1)
        except OverflowError:
            self.fail("overflow")


class AuditLogInput(PageInput):
    key_id = serializers.IntegerField(min_value=1, max_value=_MAX_ID, required=False)
    action = serializers.CharField(max_length=64, required=False)
    start_date = serializers.DateTimeField(required=False)
    end_date = EndField(required=False)

    def to_internal_value(self, data: Mapping[str, Any]) -> Any:
        # Clients send parameters without a value as `?action=`; they count as absent.
        return super().to_internal_value({name: data[name] for name in data if data[name] != ""})


class AuditEntrySerializer(serializers.ModelSerializer):
    """An entry of the audit log, for the user whom it concerns."""

    # Its rows come from `with_personal_data`.

    user_id = serializers.IntegerField()
    timestamp = serializers.DateTimeField(source="created_at")
    api_key_id = serializers.SerializerMethodField()
    details = serializers.SerializerMethodField()
    ip_address = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "user_id",
            "timestamp",
            "action",
            "api_key_id",
            "target",
            "details",
            "channel",
            "ip_address",
            "request_id",
        ]

    def get_api_key_id(self, entry: AuditEntry) -> int | None:
        kind, _, id_ = entry.target.partition(":")
        return int(id_) if kind == "api_key" and id_.isdecimal() else None

    def get_details(self, entry: AuditEntry) -> dict[str, Any]:
        personal = _personal_data(entry)
        return {
            name: {**plain, **personal.get(name, {})}
            for name, plain in {"before": entry.before, "after": entry.after}.items()
            if plain is not None
        }

    def get_ip_address(self, entry: AuditEntry) -> str:
        """Return the address if it is the user's own; an operator's address is not shown."""
        address: str = _personal_data(entry).get("address", "")
        return address


def _personal_data(entry: AuditEntry) -> dict[str, Any]:
    data: str | None = entry.personal_data  # type: ignore[attr-defined]
    return json.loads(data) if data else {}
