"""The WSGI entry, before Django."""

import json
from io import BytesIO

import pytest
from django.test import RequestFactory

from gatewayz.web import draining
from gatewayz.wsgi import application
from tests.garbage import leaves_garbage

BODY = b'{"title": "In chunks"}'


def send(api_key, environ):
    """Answer a request as a WSGI server hands it in. Returns the status code and the body."""
    statuses = []
    response = application(
        environ | {"HTTP_AUTHORIZATION": f"Bearer {api_key}"},
        lambda status, headers: statuses.append(status),
    )
    body = b"".join(response)
    response.close()
    return int(statuses[0].split()[0]), body


def post(api_key, body, **environ):
    """Create a session. Returns the status code and what the body holds."""
    request = RequestFactory().post("/v1/chat/sessions", content_type="application/json")
    given = request.environ | {
        "wsgi.input": BytesIO(body),
        **environ,
    }
    if "CONTENT_LENGTH" not in environ:
        del given["CONTENT_LENGTH"]
    status, answer = send(api_key, given)
    return status, json.loads(answer)


@pytest.mark.django_db(transaction=True)
def test_a_chunked_body_is_read(api_key):
    status, body = post(api_key, BODY, HTTP_TRANSFER_ENCODING="chunked")

    assert status == 201
    assert body["data"]["title"] == "In chunks"


@pytest.mark.django_db(transaction=True)
def test_a_chunked_body_that_is_too_large_is_rejected(api_key, settings):
    settings.MAX_BODY_BYTES = len(BODY) - 1

    status, body = post(api_key, BODY, HTTP_TRANSFER_ENCODING="chunked")

    assert (status, body["code"]) == (413, "payload_too_large")


@pytest.mark.django_db(transaction=True)
def test_a_body_declared_as_too_large_is_rejected(api_key, settings):
    declared = str(settings.MAX_BODY_BYTES + 1)

    status, body = post(api_key, BODY, CONTENT_LENGTH=declared)

    assert (status, body["code"]) == (413, "payload_too_large")


@pytest.mark.django_db(transaction=True)
def test_an_ending_process_closes_its_connections(monkeypatch):
    def connection_of(environ):
        answered = []
        application(environ, lambda status, headers: answered.append(dict(headers)))
        return answered[0].get("Connection")

    environ = RequestFactory().get("/healthz").environ
    assert connection_of(environ) is None

    monkeypatch.setattr(draining, "has_begun", lambda: True)

    assert connection_of(environ) == "close"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/chat/sessions", "{}", 201),
        ("POST", "/v1/chat/sessions", "[]", 400),
        ("GET", "/v1/chat/sessions", "", 200),
        ("HEAD", "/v1/chat/sessions", "", 200),
        ("GET", "/v1/chat/sessions/0", "", 404),
        ("PUT", "/v1/chat/sessions", "{}", 405),
    ],
)
def test_a_request_leaves_nothing_to_the_garbage_collector(api_key, method, path, body, status):
    def answer():
        request = RequestFactory().generic(method, path, body, content_type="application/json")
        return send(api_key, request.environ)[0]

    assert answer() == status  # and what is loaded when it is first needed
    assert not leaves_garbage(answer)
