"""The answers about a user's own data and signing in match their OpenAPI description."""

import jsonschema
import pytest
from django.test import Client

from tests.conftest import ApiClient

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
PROFILE = "/v1/user/profile"


def test_every_response_matches_the_schema(api):
    schema = Client().get("/v1/schema").json()

    def ask(client, method, path, body=None):
        response = getattr(client, method)(path, body, content_type="application/json")
        operation = schema["paths"][path][method]
        described = operation["responses"][str(response.status_code)]["content"]
        jsonschema.validate(
            response.json(),
            {**described[response["Content-Type"]]["schema"], "components": schema["components"]},
            cls=jsonschema.Draft202012Validator,
        )
        return response

    given = {"email": "new@example.com", "password": PASSWORD}
    assert ask(Client(), "post", "/v1/auth/register", given).status_code == 201
    assert ask(Client(), "post", "/v1/auth/register", given).status_code == 409
    signed_in = ask(Client(), "post", "/v1/auth", given)
    assert ask(Client(), "post", "/v1/auth", {**given, "password": "x"}).status_code == 401
    client = ApiClient(signed_in.json()["api_key"])
    ask(client, "get", PROFILE)
    ask(client, "put", PROFILE, {"username": "new"})
    ask(client, "patch", PROFILE, {"chat_retention_days": 1})
    ask(client, "put", PROFILE, {"email": "other@example.com"})
    ask(client, "delete", PROFILE, {"confirmation": "DELETE_ACCOUNT"})
    export = schema["paths"]["/v1/user/export"]["get"]["responses"]["200"]["content"]
    assert export.keys() == {
        "application/x-ndjson",
        "application/json",
        "application/zip",
        "text/markdown",
        "text/html",
    }
