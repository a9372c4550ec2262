"""The answers of the chat API match GET /v1/schema."""

from django.test import override_settings
from drf_spectacular.validation import validate_schema

from tests.openapi import DescribedClient, check, operations, read_schema, strict


def test_is_valid_openapi_3_1(capsys):
    schema = read_schema()

    assert schema["openapi"].startswith("3.1")
    validate_schema(schema)
    assert "arning" not in capsys.readouterr().err


def test_every_operation_has_a_unique_id_and_a_summary():
    described = operations(read_schema())

    ids = [operation["operationId"] for operation in described.values()]
    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] for operation in described.values())


def test_every_body_has_a_valid_example():
    schema = strict(read_schema())
    for operation in operations(schema).values():
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        contents = [body.get("content", {}).get("application/json") for body in bodies]
        described = [content for content in contents if content and "$ref" in content["schema"]]
        for content in described:
            assert content["examples"]
            for example in content["examples"].values():
                check(example["value"], content["schema"], schema)


def test_every_response_matches_the_schema(api, session):
    described = DescribedClient(api)
    ask = described.ask

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
    ask("get", f"{one}/messages", **of)
    single = f"{one}/messages/{{message_id}}"
    ask("get", single, **of, message_id=message["id"])
    ask("patch", single, {"content": "Hi", "status": "completed"}, **of, message_id=message["id"])
    ask("put", single, {"revision": 0}, **of, message_id=message["id"])
    ask("delete", f"{one}/messages", query={"after": message["id"]}, **of)
    ask("get", "/v1/chat/tags")
    ask("get", "/v1/chat/folders")
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
    with override_settings(MAX_BODY_BYTES=10):
        begun = ask("post", "/v1/chat/import", {"messages": [said, parts]})
    ask("get", "/v1/chat/imports")
    ask("get", "/v1/chat/imports/{import_id}", import_id=begun["id"])
    ask("delete", "/v1/chat/imports/{import_id}", import_id=begun["id"])
    ask("delete", single, **of, message_id=message["id"])
    ask("delete", one, **of)
    ask("post", f"{one}/restore", **of)
    ask("delete", base, {"ids": [made["id"]]})

    assert described.asked == described.operations_below("/v1/chat/")


def test_every_answer_of_conversations_is_as_described(api, session):
    described = DescribedClient(api)
    ask = described.ask

    one = "/v1/conversations/conv_{session_id}"
    of = {"session_id": session.pk}
    item = {"id": "rs_1", "type": "reasoning", "summary": []}
    ask("post", "/v1/conversations", {"items": [item], "metadata": {"a": "b"}})
    ask("post", "/v1/conversations", {"metadata": 7})
    ask("get", one, **of)
    ask("post", one, {"metadata": {"a": "b"}}, **of)
    ask("get", f"{one}/items", **of)
    ask("post", f"{one}/items", {"items": [item, {"role": "user", "content": "Hello"}]}, **of)
    ask("get", f"{one}/items", query={"after": "rs_1", "order": "asc", "limit": 1}, **of)
    ask("get", f"{one}/items/{{item_id}}", **of, item_id="rs_1")
    ask("get", f"{one}/items/{{item_id}}", **of, item_id="rs_2")
    ask("delete", f"{one}/items/{{item_id}}", **of, item_id="rs_1")
    ask("delete", one, **of)

    assert described.asked == described.operations_below("/v1/conversations")


def test_every_list_declares_its_items():
    def lists_without_items(value):
        if isinstance(value, list):
            return [found for each in value for found in lists_without_items(each)]
        if not isinstance(value, dict):
            return []
        is_list = "array" in (value["type"] if isinstance(value.get("type"), list) else ())
        inner = [found for each in value.values() for found in lists_without_items(each)]
        return [*inner, *([value] if is_list and "items" not in value else ())]

    assert lists_without_items(read_schema()) == []
