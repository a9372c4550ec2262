"""Serializers that are made once do what DRF's do."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from gatewayz.api import bodies
from gatewayz.api.serializing import (
    BoundedDictField,
    BoundedListField,
    SparseSerializer,
    TextField,
    represented,
    validated,
)

ROOT = Path(__file__).resolve().parents[3]


class Plain(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class Renamed(Plain):
    name = serializers.CharField(source="title")


class Told(Plain):
    def to_representation(self, instance):
        return {"told": instance.id}


def instance(**given):
    at = datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC)
    return SimpleNamespace(
        **{
            "id": 7,
            "name": "n",
            "title": "t",
            "is_active": True,
            "created_at": at,
            "ended_at": None,
        }
        | given
    )


@given(
    # DRF escapes line separators, for JavaScript before 2019.
    name=st.text(st.characters(exclude_categories=["Cs", "Zl", "Zp"])),
    number=st.integers(-(2**63), 2**63 - 1),
    is_active=st.booleans(),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_plain_fields_are_rendered_as_by_drf(name, number, is_active, at):
    one = instance(id=number, name=name, is_active=is_active, created_at=at)

    shown = bodies.encode(represented(Plain, one))

    assert shown == JSONRenderer().render(Plain(one).data)


@pytest.mark.parametrize(
    ("serializer", "field", "shown"), [(Renamed, "name", "t"), (Told, "told", 7)]
)
def test_other_fields_are_left_to_drf(serializer, field, shown):
    assert represented(serializer, instance())[field] == shown


LIMIT = 8


class Texts(serializers.Serializer):
    text = TextField(max_length=LIMIT, required=False, allow_null=True, allow_blank=True)


class DrfTexts(serializers.Serializer):
    text = serializers.CharField(
        max_length=LIMIT, required=False, allow_null=True, allow_blank=True
    )


def outcome(validate):
    try:
        return validate()
    except serializers.ValidationError as error:
        return error.get_full_details()


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "text": st.none()
            | st.booleans()
            | st.integers()
            | st.text(max_size=LIMIT + 2)
            # Where the two could differ.
            | st.text(" \t\n\x00\xa0\u2028a", max_size=LIMIT + 1)
        },
    )
)
def test_a_text_is_accepted_or_rejected_as_by_drf(body):
    ours = outcome(lambda: validated(Texts, body))

    assert ours == outcome(lambda: DrfTexts().run_validation(body))


class _Watched(serializers.Field):
    """Counts how often it looks at something."""

    looks = 0

    def to_internal_value(self, data):
        _Watched.looks += 1
        raise serializers.ValidationError("wrong")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        (BoundedListField(child=_Watched(), max_length=3), ["a"] * 4),
        (BoundedDictField(child=_Watched(), max_length=3), dict.fromkeys("abcd", 1)),
    ],
)
def test_a_list_that_is_too_long_is_rejected_before_its_items_are_validated(
    monkeypatch, field, given
):
    monkeypatch.setattr(_Watched, "looks", 0)

    with pytest.raises(serializers.ValidationError, match="no more than 3"):
        field.run_validation(given)

    assert _Watched.looks == 0


def _inputs() -> Iterator[Any]:
    """The serializers of all that callers send: `validated(Input, …)` and `Input(data=…)`."""
    for package in ("gatewayz", "accounts", "chat"):
        for path in (ROOT / package).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                if ast.unparse(node.func) == "validated":
                    yield getattr(import_module(module), ast.unparse(node.args[0]))
                elif any(keyword.arg == "data" for keyword in node.keywords):
                    yield getattr(import_module(module), ast.unparse(node.func))


def _fields(field: Any) -> Iterator[Any]:
    yield field
    for inner in (getattr(field, "child", None), *getattr(field, "fields", {}).values()):
        if inner is not None:
            yield from _fields(inner)


def test_every_list_that_a_caller_sends_has_its_length_checked_first():
    inputs = {*_inputs()}
    assert len(inputs) > 20

    fields = [field for made in inputs for field in _fields(made())]

    assert [
        field
        for field in fields
        if isinstance(field, serializers.ListField | serializers.DictField)
        and not isinstance(field, BoundedListField | BoundedDictField)
    ] == []
    # DRF's own checks its length first, where it has one.
    assert [
        field
        for field in fields
        if isinstance(field, serializers.ListSerializer) and field.max_length is None
    ] == []


class Fields(serializers.Serializer):
    """Of each kind one: required, with a default, with a method, nullable, read-only."""

    role = serializers.ChoiceField(choices=["user", "system"])
    tokens = serializers.IntegerField(default=7, max_value=9)
    title = TextField(max_length=3, required=False, allow_null=True)
    tags = serializers.ListField(child=TextField(max_length=2), required=False)
    id = serializers.IntegerField(read_only=True)

    def validate_title(self, title: str | None) -> str | None:
        if title == "no":
            raise serializers.ValidationError("Not this one.")
        return title and title.upper()


class Sparse(SparseSerializer, Fields):
    pass


VALUES = st.sampled_from(["user", "no", "long text", "", None, 1, 10, ["a"], ["long"], {}])


@given(
    st.dictionaries(st.sampled_from(["role", "tokens", "title", "tags", "id", "other"]), VALUES)
    | VALUES
)
def test_a_sparse_serializer_says_what_drfs_says(body):
    sparse, drf = Sparse(), Fields()

    assert outcome(lambda: sparse.run_validation(body)) == outcome(
        lambda: drf.run_validation(body)
    )
