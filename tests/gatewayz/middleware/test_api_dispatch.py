"""Requests of the API go past the middleware of pages, and are as safe."""

import pytest
from django.contrib.sessions.middleware import SessionMiddleware

from tests.problems import assert_problem

PATH = "/v1/plans"


@pytest.fixture
def _no_pages(monkeypatch):
    def fail(*_):
        raise AssertionError("a request went to the pages")

    monkeypatch.setattr(SessionMiddleware, "__call__", fail)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [PATH, "/user/limits", "/nothing"])
@pytest.mark.usefixtures("_no_pages")
def test_api_requests_skip_the_middleware_of_pages(client, path):
    assert client.get(path).status_code in {200, 401, 404}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/login/", "/static/x.css", "/docs"])
@pytest.mark.usefixtures("_no_pages")
def test_pages_run_the_middleware_of_pages(client, path):
    with pytest.raises(AssertionError, match="went to the pages"):
        client.get(path)


@pytest.mark.django_db
def test_a_foreign_host_is_rejected(client, settings):
    settings.ALLOWED_HOSTS = ["gatewayz.example"]

    assert_problem(client.get(PATH), 400, "bad_request")
    assert client.get(PATH, headers={"Host": "gatewayz.example"}).status_code == 200


@pytest.mark.django_db
def test_plain_http_is_redirected_where_https_is_required(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    response = client.get(f"{PATH}?limit=1")

    assert response.status_code == 301
    assert response["Location"] == f"https://testserver{PATH}?limit=1"
    assert client.get(PATH, secure=True).status_code == 200


@pytest.mark.django_db
def test_a_response_has_its_length(client):
    response = client.get(PATH)

    assert int(response["Content-Length"]) == len(response.content)
