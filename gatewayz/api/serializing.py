"""DRF's serializers, made once: each new one would build all of its fields again.

A serializer keeps nothing of a request as long as it is only asked for `run_validation` and
`to_representation`, so that one serves all threads. One that needs a `context` is made as DRF
shows it.
"""

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any

from rest_framework import serializers
from rest_framework.serializers import Serializer

from gatewayz.api.problems import MAX_ERRORS

_made = cache(lambda serializer: serializer())

# Their values are in JSON what they are in Python; see gatewayz.api.bodies.
_PLAIN_FIELDS = frozenset(
    {
        serializers.BigIntegerField,
        serializers.BooleanField,
        serializers.CharField,
        serializers.DateTimeField,
        serializers.IntegerField,
    }
)

MAX_ID = 2**63 - 1


class TextField(serializers.CharField):
    """A CharField with a `max_length` that sees at once when a text is right."""

    max_length: int

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if (
            type(data) is str
            and 0 < len(data) <= self.max_length
            # So there is no NUL, no surrogate, and no white space but plain spaces.
            and data.isprintable()
            and data[0] != " " != data[-1]
        ):
            return data
        return super().run_validation(data)


class BoundedListField(serializers.ListField):
    """A ListField whose length is checked before the items are."""

    max_length: int

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def run_child_validation(self, data: Any) -> Any:
        if len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().run_child_validation(data)


class BoundedDictField(serializers.DictField):
    """A DictField of at most `max_length` names, which is checked before they are."""

    default_error_messages = {
        "max_length": "Ensure this field has no more than {max_length} names."
    }

    def __init__(self, *, max_length: int, **options: Any) -> None:
        self.max_length = max_length
        super().__init__(**options)

    def run_child_validation(self, data: Any) -> Any:
        if len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().run_child_validation(data)


def validated(serializer: type[Serializer], given: Any) -> dict[str, Any]:
    """What `serializer` makes of `given`, a body or query parameters.

    Raises rest_framework.exceptions.ValidationError, which answers 400.
    """
    values: dict[str, Any] = _made(serializer).run_validation(given)
    return values


def represented(serializer: type[Serializer], instance: Any) -> dict[str, Any]:
    """The JSON of `instance` as `serializer` shows it."""
    return _represent(serializer)(instance)


def represented_all(
    serializer: type[Serializer], instances: Iterable[Any]
) -> list[dict[str, Any]]:
    """The JSON of each of `instances` as `serializer` shows it."""
    return [*map(_represent(serializer), instances)]


@cache
def _represent(serializer: type[Serializer]) -> Callable[[Any], dict[str, Any]]:
    """What represents an instance: DRF, or where all fields are plain just their values."""
    made = _made(serializer)
    fields = [*made._readable_fields]
    is_plain = serializer.to_representation is Serializer.to_representation and all(
        type(field) in _PLAIN_FIELDS and field.source_attrs == [field.field_name]
        for field in fields
    )
    names = [field.field_name for field in fields]
    if not is_plain or len(names) < 2:
        represent: Callable[[Any], dict[str, Any]] = made.to_representation
        return represent
    values = attrgetter(*names)
    return lambda instance: dict(zip(names, values(instance), strict=True))


class IndexedList(serializers.ListSerializer):
    """A list whose errors stand under the index of the item: `{"2": {"role": […]}}`.

    No item is looked at after MAX_ERRORS that are wrong.
    """

    max_length: int

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, list) or not data or len(data) > self.max_length:
            return super().to_internal_value(data)
        values, errors = [], {}
        for index, item in enumerate(data):
            try:
                values.append(self.run_child_validation(item))
            except serializers.ValidationError as exc:
                errors[str(index)] = exc.detail
                if len(errors) == MAX_ERRORS:
                    break
        if errors:
            raise serializers.ValidationError(errors)
        return values
