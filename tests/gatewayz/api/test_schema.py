"""GET /v1/schema."""

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from chat.messages.openapi import PROVIDERS_FIELDS

PATH = "/v1/schema"


def test_is_generated_once(monkeypatch):
    first = Client().get(PATH)
    made = []
    generate = SchemaGenerator.get_schema
    monkeypatch.setattr(
        SchemaGenerator,
        "get_schema",
        lambda *given, **options: made.append(1) or generate(*given, **options),
    )

    again = Client().get(PATH)

    assert made == []
    assert again.content == first.content
    assert first["Content-Type"] == "application/vnd.oai.openapi+json"
    assert first.json()["openapi"].startswith("3.1")


def test_is_not_sent_again_to_a_client_that_has_it():
    etag = Client().get(PATH)["ETag"]

    assert Client().get(PATH, headers={"If-None-Match": etag}).status_code == 304


def test_an_operation_that_needs_a_key_documents_403_and_429():
    paths = Client().get(PATH).json()["paths"].values()
    operations = [operation for path in paths for operation in path.values()]
    asked_with_a_key = [operation for operation in operations if operation.get("security")]

    assert asked_with_a_key
    assert [
        operation["operationId"]
        for operation in asked_with_a_key
        if not {"401", "403", "429"} <= operation["responses"].keys()
    ] == []


def test_no_operation_shows_the_docstring_of_its_view():
    paths = Client().get(PATH).json()["paths"].values()
    operations = [operation for path in paths for operation in path.values()]

    assert [one["operationId"] for one in operations if one.get("description")] == []


def test_what_is_only_answered_has_all_of_its_fields():
    schemas = Client().get(PATH).json()["components"]["schemas"]

    for name in ("Session", "SessionDetail", "SavedMessages", "ApiKey", "Profile"):
        assert set(schemas[name]["required"]) == schemas[name]["properties"].keys()
    assert schemas["MessageInput"]["required"] == ["role"]


@pytest.mark.parametrize("name", ["Message", "MessageInput", "MessageChange"])
def test_messages_may_have_the_fields_of_providers_and_others(name):
    schema = Client().get(PATH).json()["components"]["schemas"][name]

    assert schema["properties"].keys() >= PROVIDERS_FIELDS.keys()
    assert not PROVIDERS_FIELDS.keys() & set(schema.get("required", ()))
    assert schema["additionalProperties"] == {}


def test_every_list_and_object_says_what_it_may_hold():
    left_open = []
    waiting = [("", Client().get(PATH).json())]
    while waiting:
        place, described = waiting.pop()
        if isinstance(described, list):
            waiting += ((f"{place}/{n}", one) for n, one in enumerate(described))
        elif isinstance(described, dict):
            kinds = described.get("type", ())
            kinds = {kinds} if isinstance(kinds, str) else {*kinds} if kinds else set()
            holds = {"object": {"properties", "additionalProperties"}, "array": {"items"}}
            left_open += [
                place for kind in kinds & holds.keys() if not holds[kind] & described.keys()
            ]
            waiting += (
                (f"{place}/{name}", one)
                for name, one in described.items()
                if name not in {"example", "examples"}
            )

    assert left_open == []
