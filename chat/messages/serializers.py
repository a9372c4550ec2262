"""Request and response bodies of messages."""

from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.models import ChatMessage
from gatewayz.api.bodies import encode
from gatewayz.api.serializing import (
    MAX_ID,
    IdField,
    IndexedList,
    SparseSerializer,
    TextField,
    reject_or_ignore,
)
from gatewayz.api.storable_json import check_storable

MAX_MESSAGES = 1000

MAX_BATCH = 500

# How far in the future a time in an import may be.
MAX_AHEAD = timedelta(days=1)
_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers from here on are milliseconds (in 1973); as seconds they would be in 5138.
_FIRST_MILLISECOND = 100_000_000_000
# The latest time that datetime can represent.
_LAST_MILLISECOND = 253_402_300_800_000


# Fields of a response that only the service sets; in a body they have no effect.
OF_THE_SERVICE = frozenset(
    {"id", "session_id", "user_id", "position", "edited", "updated_at", "is_current"}
)


# Any JSON except null. Client generators need a schema for the content of lists and objects.
ANY_JSON = {
    "type": ["object", "array", "string", "number", "boolean"],
    "items": {},
    "additionalProperties": {},
}


def other_fields(
    data: Mapping[str, Any], known: Mapping[str, Any], of_the_service: Set[str]
) -> dict[str, Any]:
    """Return the fields of a body to be kept as given: neither `known` nor `of_the_service`.

    Those `of_the_service` have no effect, and the answer lists them; without OLD_SHAPES they are
    an error. Raises rest_framework.exceptions.ValidationError (400).
    """
    unknown = data.keys() - known.keys()
    if not unknown:
        return {}
    # In the order of the body.
    others = {
        name: value
        for name, value in data.items()
        if name in unknown and name not in of_the_service
    }
    check_storable(others, takes_any_number=True)
    if owned := unknown & of_the_service:
        reject_or_ignore(owned)
    return others


@extend_schema_field(ANY_JSON)
class StorableJsonField(serializers.JSONField):
    """JSON that comes back as given, except for the order of names and the spelling of numbers.

    Numbers beyond the range of IEEE 754 are rejected.
    """

    takes_any_number: ClassVar[bool] = False

    def __init__(self, *, max_bytes: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.max_bytes = max_bytes

    def to_internal_value(self, data: Any) -> Any:
        check_storable(data, takes_any_number=self.takes_any_number)
        if self.max_bytes is not None and len(encode(data)) > self.max_bytes:
            raise serializers.ValidationError(
                f"This may have at most {self.max_bytes:,} bytes of JSON."
            )
        # It was parsed from JSON, so it needs no further check.
        return data


class GivenJsonField(StorableJsonField):
    """JSON that comes back exactly as it was given."""

    takes_any_number = True


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        ]
    }
)
class ContentField(GivenJsonField):
    """A string, a list of parts, or null, kept as given: nothing is trimmed or sorted."""

    default_error_messages = {"content": "This must be a string or a list of parts (objects)."}

    def to_internal_value(self, data: Any) -> Any:
        is_parts = isinstance(data, list) and all(isinstance(part, dict) for part in data)
        if not isinstance(data, str) and not is_parts:
            self.fail("content")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "format": "date-time"})
class CreationTimeField(serializers.DateTimeField):
    """When something was created: from 1970 to MAX_AHEAD from now.

    A number is seconds or milliseconds since 1970.

    The index that `chat.daily_counts` uses knows ranges of pages by their earliest and latest
    time. A single time in the far future would put all days until then into its range.
    """

    default_error_messages = {"range": "This must lie between 1970 and a day from now."}

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if not 0 <= value < _LAST_MILLISECOND:
                self.fail("range")
            is_milliseconds = value >= _FIRST_MILLISECOND
            unit = "milliseconds" if is_milliseconds else "seconds"
            time = _FIRST_TIME + timedelta(**{unit: value})
        else:
            time = super().to_internal_value(value)
        return self.in_range(time)

    def in_range(self, time: datetime) -> datetime:
        if not _FIRST_TIME <= time <= timezone.now() + MAX_AHEAD:
            self.fail("range")
        return time


class ClientTimeField(CreationTimeField):
    """When something was created by its client's clock. A time in the future becomes now."""

    def in_range(self, time: datetime) -> datetime:
        return super().in_range(min(time, timezone.now()))


class MessageFields(SparseSerializer):
    """The fields of a new or changed message. Unknown fields are kept too."""

    keeps_unknown_fields = True
    # Fields that a body cannot set.
    fixed: ClassVar[frozenset[str]] = OF_THE_SERVICE

    content = ContentField(required=False, allow_null=True)
    model = TextField(max_length=255, required=False, allow_null=True, allow_blank=True)
    tokens = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, allow_null=True
    )
    reasoning = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False
    )
    metadata = GivenJsonField(required=False, allow_null=True)
    status = serializers.ChoiceField(
        choices=ChatMessage.Status.choices, required=False, allow_null=True
    )
    revision = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        allow_null=True,
        help_text="Grows with each change; one that is lower than the stored one is a 409.",
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values: dict[str, Any] = super().to_internal_value(data)
        values["others"] = other_fields(data, self.fields, self.fixed)
        return values


def client_id_of(data: Mapping[str, Any]) -> Any:
    """The client's own id of a message: its `client_id`, or else an `id` that is text."""
    given_id = data.get("id")
    is_name = isinstance(given_id, str) and given_id
    return given_id if is_name and data.get("client_id") is None else data.get("client_id")


class MessageInput(MessageFields):
    role = serializers.ChoiceField(choices=ChatMessage.Role.choices)
    created_at = ClientTimeField(required=False, allow_null=True)
    client_id = IdField(
        required=False,
        allow_null=True,
        help_text="Your own id of the message; sent again, it replaces it. `id` works too.",
    )
    parent_id = serializers.IntegerField(
        min_value=0,
        max_value=MAX_ID,
        required=False,
        allow_null=True,
        help_text="The message that it follows; 0: none. Absent or null: the last one.",
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and (client_id := client_id_of(data)) != data.get("client_id"):
            data = {**data, "client_id": client_id}
            del data["id"]
        values = super().to_internal_value(data)
        if "content" not in values and not values["others"]:
            raise serializers.ValidationError(
                {"content": [serializers.Field.default_error_messages["required"]]}
            )
        return values


class MessageChange(MessageFields):
    """A change of a message. Absent fields stay unchanged."""

    fixed = OF_THE_SERVICE | {"role", "created_at", "client_id", "parent_id"}


class MessageBatchInput(serializers.Serializer):
    messages = IndexedList(child=MessageInput(), allow_empty=False, max_length=MAX_BATCH)


class MessagePageInput(serializers.Serializer):
    message_limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_MESSAGES,
        required=False,
        help_text="Without it, as many as a page of 4 MB holds.",
    )
    before = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    after = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class BranchedPageInput(MessagePageInput):
    branches = serializers.ChoiceField(
        choices=["current", "all"],
        default="current",
        help_text="`all`: those of other branches too, which `parent_id` tells.",
    )


class TruncationInput(serializers.Serializer):
    after = serializers.IntegerField(min_value=1, max_value=MAX_ID)


class MessageSerializer(serializers.ModelSerializer):
    session_id = serializers.IntegerField()
    content = ContentField(source="given_content", read_only=True, allow_null=True)
    metadata = StorableJsonField(source="given_metadata", allow_null=True)
    parent_id = serializers.IntegerField(allow_null=True)
    position = serializers.IntegerField()

    class Meta:
        model = ChatMessage
        fields = [
            "id",
            "session_id",
            "role",
            "content",
            "model",
            "tokens",
            "reasoning",
            "metadata",
            "created_at",
            "client_id",
            "parent_id",
            "position",
            "status",
            "revision",
            "edited",
            "updated_at",
        ]

    def to_representation(self, message: ChatMessage) -> dict[str, Any]:
        shown = {name: getattr(message, _GIVEN.get(name, name)) for name in self.Meta.fields}
        others = message.other_fields.items()
        return shown | {name: value for name, value in others if name not in shown}


_GIVEN = {"content": "given_content", "metadata": "given_metadata"}
