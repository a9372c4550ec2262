"""JSON in, JSON out."""

import pytest

from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/xml;q=0.9", "nonsense", ""])
def test_answers_in_json_whatever_is_accepted(api, accept):
    response = api.get(PATH, headers={"Accept": accept})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_a_query_parameter_called_format_means_nothing(api):
    assert api.get(f"{PATH}?format=xml").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"]
)
def test_takes_json(api, content_type):
    response = api.generic("POST", PATH, '{"title": "T"}', content_type=content_type)

    assert response.json()["data"]["title"] == "T"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_takes_nothing_else(api, content_type):
    response = api.generic("POST", PATH, '{"title": "T"}', content_type=content_type)

    assert_problem(response, 415, "unsupported_media_type")
