"""Uses one instance of each DRF serializer: every new one would build all of its fields again.

A serializer keeps no state of a request when only `run_validation` and `to_representation` are
called, so one instance serves all threads. A serializer that needs a `context` is created for
each request, as in DRF's documentation.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache, cached_property
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.fields import SkipField
from rest_framework.serializers import Serializer

from gatewayz.api.problems import MAX_ERRORS
from gatewayz.request.context import ignore_fields

_made = cache(lambda serializer: serializer())

# Fields whose values need no conversion before gatewayz.api.bodies writes them as JSON.
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
    """A CharField with a `max_length` that accepts most valid texts by a quick check."""

    max_length: int

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if (
            type(data) is str
            and 0 < len(data) <= self.max_length
            # Printable text has no NUL, no surrogate, and no white space except plain spaces.
            and data.isprintable()
            and data[0] != " " != data[-1]
        ):
            return data
        return super().run_validation(data)


class IdField(TextField):
    """An id that clients choose: kept as it is, with its spaces."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, max_length=255, **options)


class IdFilter(IdField):
    """An id in a query. An empty one is an error: without it, a client would get everything."""

    def get_value(self, dictionary: Any) -> Any:
        # DRF takes an empty text of a form or query for an absent one.
        return dictionary.get(self.field_name, serializers.empty)


class BoundedListField(serializers.ListField):
    """A ListField that checks its length before its items."""

    max_length: int

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def run_child_validation(self, data: Any) -> Any:
        if len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().run_child_validation(data)


class BoundedDictField(serializers.DictField):
    """A DictField of at most `max_length` names, which it checks before the values."""

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


class SparseSerializer(serializers.Serializer):
    """A Serializer with many optional fields, without `source`; it asks only those that are given.

    DRF asks all fields, which costs more than validating the few that most bodies have.
    """

    @cached_property
    def _own_fields(self) -> dict[str, tuple[serializers.Field, Callable[[Any], Any] | None]]:
        return {
            name: (field, getattr(self, f"validate_{name}", None))
            for name, field in self.fields.items()
            if not field.read_only
        }

    @cached_property
    def _always_asked(self) -> frozenset[str]:
        """The fields that matter even when they are not given: required, or with a default."""
        return frozenset(
            name
            for name, (field, _) in self._own_fields.items()
            if field.required or field.default is not serializers.empty
        )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if type(data) is dict and self._always_asked <= data.keys():
            # Otherwise DRF says what is wrong with all of them.
            with suppress(serializers.ValidationError, ValidationError, SkipField):
                return dict(self._values(data))
        values: dict[str, Any] = super().to_internal_value(data)
        return values

    def _values(self, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        own = self._own_fields
        for name in data.keys() & own.keys():
            field, validate = own[name]
            value = field.run_validation(data[name])
            yield name, value if validate is None else validate(value)


def validated(serializer: type[Serializer], given: Any) -> dict[str, Any]:
    """Validate `given`, a body or query parameters, and return the validated values.

    Names in a body that `serializer` does not know have no effect, and the answer lists them;
    without OLD_SHAPES they are an error. A serializer that keeps them has
    `keeps_unknown_fields = True`.

    Raises rest_framework.exceptions.ValidationError (400).
    """
    made = _made(serializer)
    values: dict[str, Any] = made.run_validation(given)
    # Query parameters are a `QueryDict`.
    if type(given) is dict and (unknown := _unknown(made, given)):
        reject_or_ignore(unknown)
    return values


def _unknown(serializer: Serializer, given: dict[str, Any]) -> list[str]:
    """The names in a body that `serializer` does not know; `outer.inner` of one within another."""
    if getattr(serializer, "keeps_unknown_fields", False):
        return []
    unknown = []
    for name, value in given.items():
        field = serializer.fields.get(name)
        if field is None:
            unknown.append(name)
        elif isinstance(field, Serializer) and type(value) is dict:
            unknown += [f"{name}.{inner}" for inner in _unknown(field, value)]
    return unknown


def reject_or_ignore(names: Iterable[str]) -> None:
    """Take note of `names` in a body that do nothing.

    Raises rest_framework.exceptions.ValidationError when OLD_SHAPES is off.
    """
    if not settings.OLD_SHAPES:
        unknown = sorted(names)[:MAX_ERRORS]
        raise serializers.ValidationError({name: ["This is not known."] for name in unknown})
    ignore_fields(names)


def represented(serializer: type[Serializer], instance: Any) -> dict[str, Any]:
    """Return `instance` as `serializer` represents it."""
    return _represent(serializer)(instance)


def represented_all(
    serializer: type[Serializer], instances: Iterable[Any]
) -> list[dict[str, Any]]:
    """Return each of `instances` as `serializer` represents it."""
    return [*map(_represent(serializer), instances)]


def represented_rows(
    serializer: type[Serializer], rows: Iterable[Sequence[Any]]
) -> list[dict[str, Any]]:
    """Return `rows`, each with the values of the fields of `serializer` in their order."""
    names = _names(serializer)
    return [dict(zip(names, row, strict=True)) for row in rows]


@cache
def _names(serializer: type[Serializer]) -> list[str]:
    return [field.field_name for field in _made(serializer)._readable_fields]


@cache
def _represent(serializer: type[Serializer]) -> Callable[[Any], dict[str, Any]]:
    """The function that represents an instance; a quick one when all fields are plain."""
    made = _made(serializer)
    fields = [*made._readable_fields]
    is_plain = serializer.to_representation is Serializer.to_representation and all(
        (type(field) in _PLAIN_FIELDS or isinstance(field, serializers.ReadOnlyField))
        and field.source_attrs == [field.field_name]
        for field in fields
    )
    names = [field.field_name for field in fields]
    if not is_plain or len(names) < 2:
        represent: Callable[[Any], dict[str, Any]] = made.to_representation
        return represent
    values = attrgetter(*names)
    return lambda instance: dict(zip(names, values(instance), strict=True))


class IndexedList(serializers.ListSerializer):
    """A list whose errors are keyed by the item's index: `{"2": {"role": […]}}`.

    Stops validating after MAX_ERRORS invalid items.
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
