"""Query parameters and JSON of activity."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import ActivityEvent

MAX_PAGE = 1000
MAX_STATS_DAYS = 3_660


class DayField(serializers.DateField):
    """A day as `2026-03-01`, or a timestamp, which means its day and becomes a datetime."""

    default_error_messages = {"range": "The year must be between 1970 and 2999."}

    def to_internal_value(self, value: Any) -> date:
        day: date
        if isinstance(value, str) and "T" in value:
            # In a query, a plus sign that is not encoded is a space.
            day = serializers.DateTimeField().to_internal_value(value.replace(" ", "+"))
        else:
            day = super().to_internal_value(value)
        # Leaves room for date arithmetic on both sides.
        if not 1970 <= day.year <= 2999:
            self.fail("range")
        return day


@extend_schema_field({"type": "string"})
class ZoneField(serializers.Field):
    """A time zone by its name in the IANA database, such as `Asia/Tokyo`."""

    default_error_messages = {"zone": "There is no such time zone. Use a name like Asia/Tokyo."}

    def to_internal_value(self, data: Any) -> ZoneInfo:
        name = str(data)
        # The zone of the host, which PostgreSQL does not know.
        if name == "localtime" or name not in available_timezones():
            self.fail("zone")
        return ZoneInfo(name)


class _PeriodInput(serializers.Serializer):
    """`from` and `to`, two days, both included; the validated data has `first` and `last`."""

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` is a Python keyword, so it cannot be a class attribute.
        period: dict[str, serializers.Field] = {
            "from": DayField(required=False, source="first"),
            "to": DayField(required=False, source="last"),
        }
        return {**super().get_fields(), **period}

    def to_internal_value(self, data: Mapping[str, Any]) -> Any:
        # Clients send parameters without a value as `?model=`; they count as absent.
        return super().to_internal_value({name: data[name] for name in data if data[name] != ""})

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        zone = given.get("zone", UTC)
        period = {
            name: day.astimezone(zone).date() if isinstance(day, datetime) else day
            for name, day in (("first", given.get("first")), ("last", given.get("last")))
        }
        if period["first"] and period["last"] and period["first"] > period["last"]:
            raise serializers.ValidationError({"from": ["This must not be after `to`."]})
        return {**given, **period}


class ActivityStatsInput(_PeriodInput):
    days = serializers.IntegerField(min_value=1, max_value=365, default=30)
    tz = ZoneField(
        required=False,
        source="zone",
        help_text="Whose days are counted, such as `Asia/Tokyo`; those of UTC without it.",
    )
    timezone = ZoneField(required=False, source="zone", help_text="Another name of `tz`.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        given = super().validate(given)
        zone = given.get("zone")
        today = datetime.now(zone or UTC).date()
        last = given["last"] or max(today, given["first"] or date.min)
        first = given["first"] or last - timedelta(days=given["days"] - 1)
        if (last - first).days >= MAX_STATS_DAYS:
            raise serializers.ValidationError(
                {"from": [f"The period may span at most {MAX_STATS_DAYS} days."]}
            )
        return {"first": first, "last": last, "zone": zone}


class ActivityLogInput(_PeriodInput):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=10)
    offset = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    page = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    model = serializers.CharField(max_length=255, required=False)
    provider = serializers.CharField(max_length=255, required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Turn `page` into an offset; it takes precedence over `offset`.

        `names` holds the model and provider that events must have.
        """
        given = super().validate(given)
        limit, offset = given["limit"], given["offset"]
        page = given.get("page")
        return {
            "first": given["first"],
            "last": given["last"],
            "names": {name: given[name] for name in ("model", "provider") if name in given},
            "limit": limit,
            "offset": offset if page is None else (page - 1) * limit,
            "page": offset // limit + 1 if page is None else page,
        }


class ActivityEventSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField()
    cost = serializers.FloatField()

    class Meta:
        model = ActivityEvent
        fields = [
            "id",
            "user_id",
            "timestamp",
            "model",
            "provider",
            "tokens",
            "cost",
            "speed",
            "finish_reason",
            "app",
            "metadata",
        ]
