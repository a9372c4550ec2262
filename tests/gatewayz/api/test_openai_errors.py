"""Errors on the paths of OpenAI's API are what OpenAI's clients read, too."""

import pytest
from django.test import Client

from tests.problems import assert_problem


def error(answer):
    assert answer["Content-Length"] == str(len(answer.content))
    problem = answer.json()
    assert problem["error"]["message"] == problem["detail"]
    assert problem["error"]["code"] == problem["code"]
    return problem["error"]


@pytest.mark.usefixtures("db")
def test_a_missing_key_is_an_error_of_authentication():
    answer = Client().get("/v1/conversations/conv_1")

    assert_problem(answer, 401, answer.json()["code"])
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert error(answer)["type"] == "authentication_error"


@pytest.mark.parametrize(
    "path", ["conv_7", "conv_x", "17", "conv_7/items", "conv_99999999999999999999", "conv_7/x"]
)
def test_a_missing_conversation_or_item_is_an_invalid_request(api, path):
    answer = api.get(f"/v1/conversations/{path}")

    assert_problem(answer, 404, "not_found")
    assert error(answer)["type"] == "invalid_request_error"


def test_a_wrong_value_is_named(api):
    answer = api.post_json("/v1/conversations", {"metadata": 7})

    assert (error(answer)["type"], error(answer)["param"]) == ("invalid_request_error", "metadata")


def test_a_fault_of_the_service_is_an_error_of_the_server(api, monkeypatch):
    api.raise_request_exception = False
    monkeypatch.setattr("chat.conversations.views.conversation_of", None)

    answer = api.post_json("/v1/conversations", {})
    assert_problem(answer, 500, "internal_error")
    assert error(answer)["type"] == "server_error"


def test_other_paths_have_problems_alone(api):
    assert "error" not in api.get("/v1/chat/sessions/7").json()
