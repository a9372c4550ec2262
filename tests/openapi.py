"""Checks that the API answers as its OpenAPI description says."""

import copy
from typing import Any

import jsonschema
from django.test import Client

METHODS = {"get", "post", "put", "patch", "delete"}


def read_schema() -> dict[str, Any]:
    """What GET /v1/schema answers."""
    response = Client().get("/v1/schema")
    assert response.status_code == 200
    schema: dict[str, Any] = response.json()
    return schema


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, in which objects may have no fields but those described."""
    strict = copy.deepcopy(schema)
    for component in strict["components"]["schemas"].values():
        if "properties" in component:
            component["additionalProperties"] = False
    return strict


def operations(schema: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The description of each operation, by method and path."""
    return {
        (method, path): operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def check(value: Any, described: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raise jsonschema.ValidationError unless `value` is as described, a part of `schema`."""
    jsonschema.validate(
        value,
        {**described, "components": schema["components"]},
        cls=jsonschema.Draft202012Validator,
    )


class DescribedClient:
    """A client that compares what it sends and gets with the description."""

    def __init__(self, api: Client) -> None:
        self.api = api
        self.schema = strict(read_schema())
        self.asked: set[tuple[str, str]] = set()

    def ask(
        self, method: str, path: str, body: Any = None, *, query: Any = None, **ids: Any
    ) -> Any:
        """The `data` of the answer, or the whole download, of a path as it is described."""
        call = {"content_type": "application/json"} if body is not None else {}
        response = getattr(self.api, method)(path.format(**ids), body, query_params=query, **call)
        operation = self.schema["paths"][path][method]
        if body is not None and method != "delete" and response.status_code < 300:
            described = operation["requestBody"]["content"]["application/json"]["schema"]
            check(body, described, self.schema)
        answers = operation["responses"][str(response.status_code)]["content"]
        media_type = response["Content-Type"].partition(";")[0]
        assert media_type in answers
        self.asked.add((method, path))
        if response.streaming:
            return response.getvalue()
        check(response.json(), answers[media_type]["schema"], self.schema)
        return response.json().get("data")

    def operations_below(self, prefix: str) -> set[tuple[str, str]]:
        """Method and path of every described operation whose path begins with `prefix`."""
        return {
            (method, path) for method, path in operations(self.schema) if path.startswith(prefix)
        }
