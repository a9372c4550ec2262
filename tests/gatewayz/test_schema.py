"""GET /v1/schema."""

from django.test import Client
from drf_spectacular.generators import SchemaGenerator

PATH = "/v1/schema"


def test_is_made_once(monkeypatch):
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


def test_is_not_sent_again_to_who_has_it():
    etag = Client().get(PATH)["ETag"]

    assert Client().get(PATH, headers={"If-None-Match": etag}).status_code == 304
