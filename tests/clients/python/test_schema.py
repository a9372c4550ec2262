"""The Python client has what the OpenAPI description has, and nothing else."""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import httpx
import pytest
from gatewayz_client import Gatewayz, Null, Page, types
from gatewayz_client.account import Account
from gatewayz_client.chat import Chat
from gatewayz_client.keys import Keys

from tests.openapi import operations, read_schema

LEFT_OUT = {
    "updateSession": "does what patchSession does",
    "updateMessage": "does what patchMessage does",
    "updateProfile": "does what patchProfile does",
    "eraseAccount": "nothing that a program should do by a slip",
    **dict.fromkeys(
        ["listImports", "getImport", "cancelImport"], "for files, which the client does not send"
    ),
    **dict.fromkeys(
        [
            *("createConversation", "readConversation", "updateConversation"),
            *("deleteConversation", "listItems", "appendItems", "readItem", "deleteItem"),
        ],
        "for OpenAI's own clients",
    ),
}
LEFT_OUT_INPUTS = {
    "changeApiKey": {"action", "grace_seconds"},  # to rotate: rotateApiKey
    "exportAll": {"format"},  # its lines are read: export_account gives files
}
# A body of DELETE, which OpenAPI does not describe.
UNDESCRIBED_INPUTS = {"deleteApiKey": {"confirm_last_key"}, "deleteSessions": {"ids"}}
# Made by the client itself when it is not given.
OWN_INPUTS = {"idempotency_key"}

STREAMED = {"exportAll", "exportSession", "exportAccount"}

SCHEMA = read_schema()
PLACES = operations(SCHEMA)
OPERATIONS = {operation["operationId"]: operation for operation in PLACES.values()}
METHODS = {
    name: method
    for group in (Chat, Keys, Account)
    for name, method in inspect.getmembers(group, inspect.isfunction)
    if not name.startswith("_")
}


def method_name(operation_id: str) -> str:
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", operation_id)


COVERED = [operation_id for operation_id in OPERATIONS if operation_id not in LEFT_OUT]


def test_each_operation_has_a_method_or_is_listed_as_left_out():
    assert {method_name(operation_id) for operation_id in COVERED} == METHODS.keys()
    assert LEFT_OUT.keys() <= OPERATIONS.keys()


@pytest.mark.parametrize("operation_id", COVERED)
def test_a_method_has_the_parameters_of_its_operation(operation_id):
    method = METHODS[method_name(operation_id)]
    hints = get_type_hints(method)
    given = {
        # `from` is a keyword of Python.
        name.rstrip("_"): (
            _by_annotation(hints[name]) - {"null"},
            parameter.default is parameter.empty,
        )
        for name, parameter in inspect.signature(method).parameters.items()
        if name not in {"self", *OWN_INPUTS, *UNDESCRIBED_INPUTS.get(operation_id, ())}
    }
    left_out = LEFT_OUT_INPUTS.get(operation_id, set())

    assert given == {
        name: (_by_schema(described) - {"null"}, required)
        for name, (described, required) in _inputs(OPERATIONS[operation_id]).items()
        if name not in left_out
    }


@pytest.mark.parametrize("operation_id", COVERED)
def test_a_method_sends_the_request_of_its_operation(operation_id):
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        # Enough of an answer for all of them; a line of an export has a type.
        return httpx.Response(200, json={"data": [], "count": 0, "type": "end"})

    name = method_name(operation_id)
    hints = get_type_hints(METHODS[name])
    arguments = {
        parameter: _sample(hints[parameter])
        for parameter in inspect.signature(METHODS[name]).parameters
        if parameter not in {"self", *OWN_INPUTS}
    }
    with Gatewayz("key", transport=httpx.MockTransport(answer)) as client:
        group = next(g for g in vars(client).values() if hasattr(g, name))
        result = getattr(group, name)(**arguments)
        if inspect.isgenerator(result):
            list(result)

    ((method, path),) = [
        place for place, operation in PLACES.items() if operation["operationId"] == operation_id
    ]
    operation = OPERATIONS[operation_id]
    in_query = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
    in_path = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
    idempotent = any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", ()))
    (request,) = sent
    assert (request.method.lower(), request.url.path) == (method, path.format(**arguments))
    left_out = LEFT_OUT_INPUTS.get(operation_id, set())
    assert set(request.url.params) == in_query - in_path - left_out
    assert ("Idempotency-Key" in request.headers) == idempotent
    if "requestBody" in operation:
        body = _resolved(operation["requestBody"]["content"]["application/json"]["schema"])
        expected = body["properties"].keys() - left_out
        assert json.loads(request.content).keys() == expected


def _sample(annotation: Any) -> Any:
    """A value that is not None."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return _sample(arguments[0])
    if origin is Literal:
        return arguments[0]
    if annotation is Any:
        return {}
    return [] if origin is Sequence else {} if origin is Mapping else _SAMPLES[annotation]


@pytest.mark.parametrize("operation_id", [name for name in COVERED if name not in STREAMED])
def test_a_method_returns_the_response_type_of_its_operation(operation_id):
    answer = get_type_hints(METHODS[method_name(operation_id)])["return"]
    envelope, *others = [
        _resolved(content["application/json"]["schema"])["properties"]
        for status, response in OPERATIONS[operation_id]["responses"].items()
        if status.startswith("2") and (content := response["content"])
    ]
    data = _by_schema(envelope["data"])
    for other in others:
        # An answer that is put off has no data yet, nor the fields beside it.
        data |= _by_schema(other["data"])
        assert other == envelope or _by_schema(other["data"]) == {"null"}

    if get_origin(answer) is Page:
        assert "count" in envelope
        (item,) = get_args(answer)
        assert _by_annotation(list[item]) == _by_schema(envelope["data"])
    elif is_typeddict(answer) and "data" in get_type_hints(answer):
        for name, annotation in get_type_hints(answer).items():
            assert _by_annotation(annotation) == _by_schema(envelope[name])
    elif operation_id in {"changeApiKey", "importChat"}:
        # Only a bulk rotation or a file of several chats, which the client does not send, answers
        # anything else.
        assert _by_annotation(answer) < _by_schema(envelope["data"])
    else:
        assert _by_annotation(answer) == data


TYPES = {name: value for name, value in vars(types).items() if name[0].isupper()}
TYPES = {name: value for name, value in TYPES.items() if is_typeddict(value)}
COMPONENTS = SCHEMA["components"]["schemas"]


@pytest.mark.parametrize(
    "name", [name for name in TYPES if name not in {"NewApiKey", "ChangedPreferences"}]
)
def test_a_type_has_the_fields_of_its_component(name):
    component = COMPONENTS[name] if name in COMPONENTS else COMPONENTS[f"_{name}"]
    hints = get_type_hints(TYPES[name], include_extras=True)
    required = {field for field, hint in hints.items() if get_origin(hint) is not NotRequired}

    assert {field: _by_annotation(hint) for field, hint in hints.items()} == {
        field: _by_schema(described) for field, described in component["properties"].items()
    }
    # Names that requests have too say nothing about the answers.
    stated = set(component.get("required", ()))
    assert required == (stated if stated or name.endswith("Input") else hints.keys())


def _inputs(operation: Mapping[str, Any]) -> dict[str, tuple[Any, bool]]:
    """The parameters of an operation: the schema of each, and whether it must be given."""
    inputs = {
        parameter["name"]: (parameter["schema"], parameter.get("required", False))
        # Of two with the same name the one in the path comes last.
        for parameter in sorted(operation.get("parameters", ()), key=lambda p: p["in"] == "path")
        if parameter["in"] != "header"
    }
    if "requestBody" in operation:
        body = _resolved(operation["requestBody"]["content"]["application/json"]["schema"])
        for name, described in body["properties"].items():
            inputs[name] = (described, name in body.get("required", ()))
    return inputs


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return COMPONENTS[schema["$ref"].rpartition("/")[2]]
    return schema


def _by_schema(schema: Mapping[str, Any]) -> frozenset[Any]:
    """The kinds of JSON that a schema allows."""
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return frozenset().union(*map(_by_schema, schema[choice]))
    if "enum" in schema:
        values = frozenset(schema["enum"])
        return frozenset({"null"} if values == {None} else {("enum", values)})
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        resolved = _resolved(schema)
        if "properties" not in resolved:
            return _by_schema(resolved)
        return frozenset({("named", name.removeprefix("_"))})
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not kinds or len(kinds) > 3:
        return frozenset({"any"})
    return frozenset(
        {
            "array": lambda: ("array", _by_schema(schema["items"])),
            "object": lambda: ("object", _by_schema(_values(schema))),
        }.get(kind, lambda kind=kind: kind)()
        for kind in kinds
    )


def _values(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    values = schema.get("additionalProperties", {})
    return values if isinstance(values, Mapping) else {}


_SAMPLES = {
    str: "a",
    int: 1,
    float: 0.5,
    bool: True,
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    date: date(2026, 1, 1),
}
_SCALARS = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
    datetime: "string",
    date: "string",
    Null: "null",
    Any: "any",
}


def _by_annotation(annotation: Any) -> frozenset[Any]:
    """The kinds of JSON that an annotation means."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return frozenset().union(*map(_by_annotation, arguments))
    if origin is NotRequired:
        return _by_annotation(arguments[0])
    if origin is Literal:
        return frozenset({("enum", frozenset(arguments))})
    if origin in {list, Sequence}:
        return frozenset({("array", _by_annotation(arguments[0]))})
    if origin in {dict, Mapping}:
        return frozenset({("object", _by_annotation(arguments[1]))})
    if is_typeddict(annotation):
        return frozenset({("named", annotation.__name__)})
    return frozenset({_SCALARS[annotation]})
