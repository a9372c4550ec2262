"""The reference of the API, from its OpenAPI description."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.generators import SchemaGenerator

Schema = Mapping[str, Any]

INTRODUCTION = """\
# API

A running service shows this page to try at `/docs`, and gives it to programs at `/v1/schema`
(OpenAPI 3.1).
"""


def page() -> str:
    """The page, in Markdown."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    parts = [INTRODUCTION, schema["info"]["description"]]
    for group in schema["tags"]:
        parts += [f"## {group['name']}\n", f"{group['description']}\n"]
        for path, methods in schema["paths"].items():
            for method, operation in methods.items():
                if group["name"] in operation["tags"]:
                    parts += _operation(method, path, operation, schema)
    return "\n".join(parts)


def _operation(method: str, path: str, operation: Schema, schema: Schema) -> Iterator[str]:
    anchor = operation["operationId"]
    yield f"### {method.upper()} {path} {{: #{anchor} }}\n"
    yield f"{operation['summary']}.\n"
    if operation.get("description"):
        yield f"{operation['description']}\n"
    rows = [
        _row(parameter["name"], parameter["in"], parameter["schema"], parameter)
        for parameter in operation.get("parameters", ())
    ]
    rows += _body_rows(operation, schema)
    if rows:
        yield "\n".join(["| takes | in | type | |", "|---|---|---|---|", *rows]) + "\n"
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values():
            for example in content.get("examples", {}).values():
                text = json.dumps(example["value"], indent=2, ensure_ascii=False, default=str)
                yield f"Answers {status}:\n\n```json\n{text}\n```\n"


def _body_rows(operation: Schema, schema: Schema) -> Iterator[str]:
    if "requestBody" not in operation:
        return
    body = _resolved(operation["requestBody"]["content"]["application/json"]["schema"], schema)
    for name, field in body["properties"].items():
        required = {"required": name in body.get("required", ())}
        yield _row(name, "body", field, {**required, "description": field.get("description", "")})


def _resolved(part: Schema, schema: Schema) -> Schema:
    if "$ref" not in part:
        return part
    resolved: Schema = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return resolved


def _row(name: str, place: str, field: Schema, about: Schema) -> str:
    text = " ".join(str(about.get("description", "")).split("\n\n")[0].split())
    if text.startswith("* "):
        text = ""  # a list of the values, which are in the type
    notes = [text] if text else []
    if "default" in field:
        notes.append(f"Default: `{json.dumps(field['default'])}`.")
    star = "" if not about.get("required") else " (required)"
    return f"| `{name}`{star} | {place} | {_type(field)} | {' '.join(notes)} |".replace("\n", " ")


def _type(field: Schema) -> str:
    """The type in words, without null: that leaves a value as it is."""
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in field:
            return " or ".join(filter(None, map(_type, field[choice])))
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return "" if name == "NullEnum" else name
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"] if value is not None)
    kinds = field.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    if len(kinds) > 2:
        return "any"
    if kinds == ["array"]:
        return f"array of {_type(field['items'])}"
    limits = [
        f"{sign} {field[name]:,}"
        for name, sign in (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "≤"))
        if name in field and field[name] < 2**53
    ]
    unit = " chars" if "maxLength" in field else ""
    return " or ".join(kinds) + (f" {', '.join(limits)}{unit}" if limits else "")
