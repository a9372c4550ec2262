"""GET /v1/schema, and whether it is what the chat API really answers."""

import copy

import jsonschema
import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema():
    response = Client().get("/v1/schema")
    assert response.status_code == 200
    return response.json()


@pytest.fixture(scope="module")
def strict(schema):
    """The schema, in which objects may have no fields but those described."""
    strict = copy.deepcopy(schema)
    for component in strict["components"]["schemas"].values():
        if "properties" in component:
            component["additionalProperties"] = False
    return strict


def operations(schema):
    return {
        (method, path): operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def check(value, described, strict):
    jsonschema.validate(
        value,
        {**described, "components": strict["components"]},
        cls=jsonschema.Draft202012Validator,
    )


def test_is_valid_openapi_3_1(schema, capsys):
    assert schema["openapi"].startswith("3.1")
    validate_schema(schema)
    assert "arning" not in capsys.readouterr().err


def test_every_operation_has_an_id_of_its_own_and_a_summary(schema):
    described = operations(schema)

    ids = [operation["operationId"] for operation in described.values()]
    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] for operation in described.values())


def test_every_body_has_an_example_that_is_one(schema, strict):
    for operation in operations(schema).values():
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        contents = [body.get("content", {}).get("application/json") for body in bodies]
        described = [content for content in contents if content and "$ref" in content["schema"]]
        for content in described:
            assert content["examples"]
            for example in content["examples"].values():
                check(example["value"], content["schema"], strict)


def test_every_answer_is_as_described(api, strict, session):
    tested = set()

    def ask(method, path, body=None, *, query=None, **ids):
        call = {"content_type": "application/json"} if body is not None else {}
        response = getattr(api, method)(
            path.format(**ids), body if body is not None else query, **call
        )
        operation = strict["paths"][path][method]
        if body is not None and method != "delete" and response.status_code < 300:
            described = operation["requestBody"]["content"]["application/json"]["schema"]
            check(body, described, strict)
        answers = operation["responses"][str(response.status_code)]["content"]
        media_type = response["Content-Type"].partition(";")[0]
        assert media_type in answers
        tested.add((method, path))
        if response.streaming:
            return response.getvalue()
        check(response.json(), answers[media_type]["schema"], strict)
        return response.json().get("data")

    base, one = "/v1/chat/sessions", "/v1/chat/sessions/{session_id}"
    of = {"session_id": session.pk}
    said = {"role": "user", "content": "Hello", "metadata": {"a": [1]}, "model": "acme/big"}
    parts = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}

    made = ask("post", base, {"title": "T"})
    ask("post", base, {"title": "x" * 256})
    ask("post", f"{base}/batch", {"sessions": [{}, {"title": "T"}]})
    message = ask("post", f"{one}/messages", said, **of)
    ask("post", f"{one}/messages", {"role": "robot"}, **of)
    ask("post", f"{one}/messages/batch", {"messages": [said, parts]}, **of)
    ask("get", base, query={"limit": 1})
    ask("get", one, **of)
    ask("get", one, session_id=999_999_999)
    ask("put", one, {"title": "New"}, **of)
    ask("patch", one, {"is_pinned": True}, **of)
    ask("post", f"{one}/fork", {"message_id": message["id"]}, **of)
    ask("post", "/v1/chat/search", {"query": "hello"})
    ask("get", "/v1/chat/stats")

    about = {"message_id": message["id"], "feedback_type": "thumbs_up", "rating": 5}
    given = ask("post", "/v1/chat/feedback", about)
    ask("get", "/v1/chat/feedback")
    ask("get", f"{one}/feedback", **of)
    ask("get", "/v1/chat/feedback/stats")
    feedback = "/v1/chat/feedback/{feedback_id}"
    ask("put", feedback, {"rating": 1}, feedback_id=given["id"])
    ask("delete", feedback, feedback_id=given["id"])

    token = ask("post", "/v1/chat/share", of)["token"]
    ask("get", "/v1/chat/share")
    ask("get", "/v1/chat/share/{token}", token=token)
    ask("delete", "/v1/chat/share/{token}", token=token)

    for form in ("json", "markdown", "openai"):
        ask("get", f"{one}/export", query={"format": form}, **of)
    ask("get", "/v1/chat/export")
    ask("post", "/v1/chat/import", {"messages": [said, parts]})
    ask("delete", one, **of)
    ask("post", f"{one}/restore", **of)
    ask("delete", base, {"ids": [made["id"]]})

    assert tested == {(method, path) for method, path in operations(strict) if "/chat/" in path}
