"""JSON in, JSON out, by the methods that there are."""

import pytest

from chat.sessions.views import SessionsView
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/xml;q=0.9", "nonsense", ""])
def test_responds_in_json_whatever_the_client_accepts(api, accept):
    response = api.get(PATH, headers={"Accept": accept})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_a_query_parameter_called_format_is_ignored(api):
    assert api.get(f"{PATH}?format=xml").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"]
)
def test_accepts_json(api, content_type):
    response = api.generic("POST", PATH, '{"title": "T"}', content_type=content_type)

    assert response.json()["data"]["title"] == "T"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_rejects_other_media_types(api, content_type):
    response = api.generic("POST", PATH, '{"title": "T"}', content_type=content_type)

    assert_problem(response, 415, "unsupported_media_type")


def test_a_method_that_a_view_lacks_is_rejected_with_the_allowed_methods(api):
    response = api.put(PATH, "{}", content_type="application/json")

    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, POST, DELETE, HEAD, OPTIONS"


def test_an_unknown_method_is_rejected(api):
    assert_problem(api.generic("BREW", PATH), 405, "method_not_allowed")


def test_options_lists_the_methods(api):
    response = api.options(PATH)

    assert response.status_code == 200
    assert response["Allow"] == "GET, POST, DELETE, HEAD, OPTIONS"
    assert response.json()["parses"] == ["application/json"]


def test_head_is_get_without_the_body(api):
    response = api.head(PATH)

    assert response.status_code == 200
    assert response.content == b""


def test_an_exception_in_a_view_becomes_a_problem(api, monkeypatch, caplog):
    def fail(view, request):
        raise RuntimeError("a fault")

    monkeypatch.setattr(SessionsView, "get", fail)
    api.raise_request_exception = False

    response = api.get(PATH)

    assert_problem(response, 500, "internal_error")
    assert "RuntimeError: a fault" in caplog.text
