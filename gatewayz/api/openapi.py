"""Describes views in OpenAPI: what all endpoints have in common."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple, Protocol, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import serializers

from gatewayz.api.old_shapes import OldShape
from gatewayz.api.problems import PROBLEM_JSON
from gatewayz.api.tags import tag_of

Method = TypeVar("Method", bound=Callable[..., Any])


class Described(Protocol):
    """Decorates a method of a view with its description, outside of other decorators."""

    def __call__(self, method: Method, /) -> Method: ...


_DESCRIPTIONS = {
    400: "The JSON is malformed or not valid; `errors` says where.",
    401: "The key is missing, unknown, inactive or expired.",
    403: "The key may not do this, or not from this address or site.",
    404: "It does not exist, or is not yours.",
    409: "It conflicts with the current state, or another request used the Idempotency-Key.",
    413: "The body is too large.",
    429: "A limit is reached: `code` names it. Try again after `Retry-After` seconds.",
    503: "The database or Redis did not answer in time; try again after `Retry-After` seconds.",
}

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    description="A request that is repeated with the same key within a day is done once: it gets "
    "the first answer again, with `Idempotent-Replayed: true`.",
)


class TaggedSchema(AutoSchema):
    """DRF's DEFAULT_SCHEMA_CLASS: tags every operation by its path."""

    def get_tags(self) -> list[str]:
        return [tag_of(self.path)]

    def get_description(self) -> str:  # type: ignore[override]
        """None: the docstrings of views are for those who change them."""
        return ""


class BearerKey(OpenApiAuthenticationExtension):
    target_class = "accounts.access.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key, `gw_live_…`."}


@extend_schema_field({"type": "null"})
class Nothing(serializers.Field):
    """The `data` of an answer without data."""


class Problem(serializers.Serializer):
    """An error, as defined in RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence to show to people.")
    code = serializers.CharField(help_text="The reason, for programs.")
    request_id = serializers.CharField()
    errors = serializers.JSONField(  # type: ignore[assignment]
        required=False, help_text="The errors, by field."
    )


class Shape(NamedTuple):
    """A body, its `data` or one of its fields: a serializer or field, and an example."""

    described_by: Any
    example: Any = serializers.empty

    def new_field(self) -> Any:
        """A field of its own, for each serializer: DRF orders fields by when they were made."""
        given = self.described_by
        return given() if isinstance(given, type) else deepcopy(given)


def described(
    summary: str,
    *,
    name: str,
    answer: Shape | None = None,
    status: int = 200,
    repeated_status: int | None = None,
    may_answer_202: bool = False,
    accepted_example: Any = None,
    beside: Mapping[str, Shape] | None = None,
    old: OldShape | Sequence[str] = (),
    problems: Sequence[int] = (),
    public: bool = False,
    **asked: Any,
) -> Described:
    """Describe one method of a view.

    Args:
        summary: one line, shown in lists of operations.
        name: names the operation and the schema of its answer.
        answer: `data` in the envelope; None when that is null.
        status: the status of success.
        repeated_status: the status when the same had been done before, if that differs.
        may_answer_202: the answer may also be 202 without data, when the caller has to do
            something else first.
        accepted_example: an example of `data` of an answer 202, which says how far the work has
            got.
        beside: the fields beside `data` in the envelope.
        old: the shape of the old service that the answer has too, or the names of its fields,
            which are deprecated.
        problems: statuses of the errors that `usual_problems` does not add.
        public: the operation needs no key.
        asked: `request`, `query` and `idempotent`, as of `operation`.
    """
    fields = {"data": answer or Shape(Nothing, None), **(beside or {})}
    old_names = tuple(old(fields["data"].example)) if callable(old) else old
    envelope = _envelope(name, fields, old_names)
    done = [status] if repeated_status is None else [status, repeated_status]
    responses, examples = dict.fromkeys(done, envelope), [_example("Answer", fields, done)]
    if may_answer_202:
        responses[202] = _envelope("Accepted", _ACCEPTED, ())
        examples.append(_example("Accepted", _ACCEPTED, [202]))
    if accepted_example:
        begun = {**fields, "data": Shape(None, accepted_example)}
        responses[202] = envelope
        examples.append(_example("Begun", begun, [202]))
    return operation(
        summary,
        name=name,
        responses={(status, "application/json"): body for status, body in responses.items()},
        problems=problem_answers(problems),
        examples=examples,
        auth=[] if public else None,
        **asked,
    )


def operation(
    summary: str,
    *,
    name: str,
    responses: Mapping[tuple[int, str], Any],
    problems: Mapping[tuple[int, str], OpenApiResponse],
    examples: Sequence[OpenApiExample] = (),
    request: Shape | None = None,
    query: type[serializers.Serializer] | None = None,
    idempotent: bool = False,
    auth: Any = None,
) -> Described:
    """Describe one method of a view, whatever it answers.

    Args:
        summary: one line, shown in lists of operations.
        name: names the operation.
        responses: what describes each answer, by status and media type.
        problems: the same of errors; see `problem_answers`.
        examples: those of answers.
        request: the body.
        query: the serializer that validates the query parameters.
        idempotent: the operation takes an Idempotency-Key.
        auth: [] when it needs no key.
    """
    if request is not None:
        examples = [*examples, OpenApiExample("Request", request.example, request_only=True)]
    extend: Described = extend_schema(
        operation_id=name,
        summary=summary,
        request=request and request.described_by,
        parameters=[*([query] if query else []), *([IDEMPOTENCY_KEY] if idempotent else [])],
        responses={**responses, **problems},
        examples=examples,
        auth=auth,
    )

    def mark(method: Method, /) -> Method:
        method.is_described = True  # type: ignore[attr-defined]
        return extend(method)

    return mark


def listed(
    summary: str,
    *,
    answer: Shape,
    beside: Mapping[str, Shape] | None = None,
    **described_as: Any,
) -> Described:
    """Describe a method that answers with a list and its `count`.

    `answer` is of one item; the other arguments are those of `described`.
    """
    return described(
        summary,
        answer=Shape(answer.described_by(many=True), [answer.example]),
        beside={"count": Shape(_COUNT, 1), **(beside or {})},
        **described_as,
    )


_COUNT = serializers.IntegerField(
    help_text="The number of all matches, not only of those on this page."
)


def _envelope(
    name: str, fields: Mapping[str, Shape], old_names: Sequence[str]
) -> serializers.Serializer:
    """The serializer of an answer with `fields` in the envelope."""
    shapes = {"success": Shape(serializers.BooleanField), **fields}
    shapes.setdefault("message", Shape(serializers.CharField(required=False)))
    envelope = inline_serializer(
        f"{name}Answer",
        {
            **{field: shape.new_field() for field, shape in shapes.items()},
            **{old_name: _OldField(required=False) for old_name in old_names},
        },
    )
    deprecated = extend_schema_serializer(deprecate_fields=old_names)
    serializer: serializers.Serializer = deprecated(type(envelope))()
    return serializer


@extend_schema_field({})
class _OldField(serializers.JSONField):
    """A field for clients of the old service, whose value is of any kind."""


_ACCEPTED = {
    "data": Shape(Nothing, None),
    "message": Shape(
        serializers.CharField(help_text="The step that the caller has to take first."),
        "Please follow the link that was sent to you.",
    ),
}


def _example(name: str, fields: Mapping[str, Shape], statuses: Sequence[int]) -> OpenApiExample:
    """An example of an answer with one of `statuses`, and `fields` in its envelope."""
    shown = {
        field: shape.example
        for field, shape in fields.items()
        if shape.example is not serializers.empty
    }
    return OpenApiExample(
        name,
        {"success": True, **shown},
        response_only=True,
        status_codes=[str(status) for status in statuses],
    )


def streamed(
    summary: str,
    *,
    name: str,
    media_types: Sequence[str],
    query: type[serializers.Serializer] | None = None,
    json: Any = dict,
) -> Described:
    """Describe a method that answers with a download in one of `media_types`.

    `json` is the type of what is JSON, as drf-spectacular takes it: an object unless given.
    """
    return operation(
        summary,
        name=name,
        query=query,
        # Anything else than JSON is text.
        responses={
            (200, media_type): json if media_type == "application/json" else str
            for media_type in media_types
        },
        problems=problem_answers(),
    )


# The `json` of `streamed` for a list of any objects.
OBJECTS = {"type": "array", "items": {"type": "object", "additionalProperties": {}}}


def problem_answers(
    statuses: Iterable[int] = (), schema: type[serializers.Serializer] = Problem
) -> dict[tuple[int, str], OpenApiResponse]:
    """Describe the errors with these `statuses`, and 503, which any operation may answer.

    `schema` is the shape of the problem. `usual_problems` adds further errors of this shape.
    """
    return {
        (status, PROBLEM_JSON): OpenApiResponse(schema, _DESCRIPTIONS[status])
        for status in sorted({*statuses, 503})
    }


Endpoints = list[tuple[str, str, str, Callable[..., Any]]]


def only_described(endpoints: Endpoints) -> Endpoints:
    """A drf-spectacular hook that keeps described methods and drops the old service's paths."""
    return [
        (path, path_regex, method, callback)
        for path, path_regex, method, callback in endpoints
        if path.startswith("/v1/")
        and hasattr(getattr(getattr(callback, "cls", None), method.lower(), None), "is_described")
    ]


def usual_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular hook that adds the errors that follow from the rest of a description."""
    for path, operations in result["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            for status in _usual_problems(path, operation):
                problem = {**responses["503"], "description": _DESCRIPTIONS[status]}
                responses.setdefault(str(status), problem)
            operation["responses"] = dict(sorted(responses.items()))
    return result


def _usual_problems(path: str, operation: Mapping[str, Any]) -> Iterator[int]:
    parameters = operation.get("parameters", ())
    is_idempotent = any(one["name"] == IDEMPOTENCY_KEY.name for one in parameters)
    has_body = "requestBody" in operation or is_idempotent
    yield 429
    if has_body:
        yield 413
    if has_body or any(one["in"] == "query" for one in parameters):
        yield 400
    if is_idempotent:
        yield 409
    if "{" in path:
        yield 404
    # Every key may be restricted to scopes, networks and sites.
    if "security" in operation:
        yield from (401, 403)


def only_used_tags(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular hook that leaves out tags without operations."""
    used = {
        tag
        for operations in result["paths"].values()
        for operation in operations.values()
        for tag in operation["tags"]
    }
    return {**result, "tags": [tag for tag in result["tags"] if tag["name"] in used]}


# Marks a field of an answer that may be left out.
OPTIONAL = "x-optional"


def whole_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A drf-spectacular hook that declares all fields of the components of answers as required.

    Exceptions are envelopes and problems, serializers with the extension `x-partial`, and fields
    with OPTIONAL.
    """
    components = result["components"]["schemas"]
    given: set[str] = set()
    waiting = [
        operation["requestBody"]
        for operations in result["paths"].values()
        for operation in operations.values()
        if "requestBody" in operation
    ]
    while waiting:
        new = _references(waiting.pop()) - given
        given |= new
        waiting += (components[name] for name in new)
    for name, component in components.items():
        is_partial = component.pop("x-partial", False) or name.endswith(("Answer", "Problem"))
        fields = component.get("properties", {})
        always = sorted(field for field in fields if not fields[field].pop(OPTIONAL, False))
        if name not in given and not is_partial and always:
            component["required"] = always
    return result


def _references(described: Any) -> set[str]:
    """The names of the components that a part of the description refers to."""
    if isinstance(described, list):
        return set().union(*map(_references, described))
    if not isinstance(described, dict):
        return set()
    reference = described.get("$ref")
    own = {reference.rpartition("/")[2]} if isinstance(reference, str) else set()
    return own.union(*map(_references, described.values()))
