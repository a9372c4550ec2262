"""Bodies of any kind, even hostile ones, get a small answer and never a 500."""

import pytest

from chat.models import ChatSession
from gatewayz.api.bodies import MAX_DEPTH, MAX_VALUES
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


@pytest.fixture
def session(user):
    return ChatSession.objects.create(user=user)


def post(api, body):
    return api.post(PATH, body, content_type="application/json")


def nested(levels):
    # Its object is a level too.
    return b'{"title": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"0," * MAX_VALUES + b"0]",
        b"[" + b"{}," * MAX_VALUES + b"{}]",
        b"[" + b"[" * MAX_VALUES,
        b'{"title": "\\"",' + b'"":0,' * MAX_VALUES + b'"":0}',
    ],
    ids=["numbers", "objects", "only open", "after an escaped quote"],
)
def test_a_body_with_too_many_values_is_rejected_before_it_is_parsed(api, body):
    assert_problem(post(api, body), 413, "payload_too_large")


def test_commas_and_brackets_in_text_do_not_count_as_values(api):
    text = r",[{\"" * MAX_VALUES
    session_id = api.post_json(PATH, {}).json()["data"]["id"]

    response = api.post_json(f"{PATH}/{session_id}/messages", {"role": "user", "content": text})

    assert response.status_code == 201


def test_a_body_that_is_nested_too_deeply_is_rejected(api):
    assert_problem(post(api, nested(MAX_DEPTH)), 400, "validation_error")
    body = assert_problem(post(api, nested(MAX_DEPTH + 1)), 400, "malformed_json")
    assert str(MAX_DEPTH) in body["detail"]


@pytest.mark.parametrize("levels", [600, 880, 900, 904, 940, 1_000, 100_000])
def test_depth_does_not_break_the_parser(api, session, levels):
    body = b'{"content": "x", "role": ' + b"[" * levels + b"]" * levels + b"}"

    response = api.post(f"{PATH}/{session.pk}/messages", body, content_type="application/json")

    assert_problem(response, 400, "malformed_json")


def test_many_shallow_brackets_are_accepted(api):
    response = api.post_json(f"{PATH}/batch", {"sessions": [{}] * 500})

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "validation_error"),
        (b"null", "validation_error"),
        (b"[]", "validation_error"),
        (b'"text"', "validation_error"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
        (b'{"title": "\xc0\xaf"}', "malformed_json"),
        (b'{"title": "\\ud800"}', "malformed_json"),
        (b'{"title": "\\u0000"}', "validation_error"),
        (b'{"title": 1e400}', "validation_error"),
        (b'{"title": 1' + b"0" * 5_000 + b"}", "malformed_json"),
        (b'{"title": {"a": 1}}', "validation_error"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_an_invalid_session_is_a_client_error(api, body, code):
    # An empty body is an empty object: a session may have nothing given.
    if body == b"":
        assert post(api, body).status_code == 201
    else:
        assert_problem(post(api, body), 400, code)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"title": "\\ud83d"}', "half of a surrogate pair"),
        (b'{"title": "a \\ude00 b"}', "half of a surrogate pair"),
        (b'{"title": "\\ud83d\\ude00', "truncated"),
        (b'{"title": "\xff"}', "not UTF-8"),
        (b'{"title": NaN}', "byte 10"),
        (b'{"title": 1' + b"0" * 5_000 + b"}", "out of range"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_rejection_says_why_a_body_is_not_json(api, body, fault):
    assert fault in assert_problem(post(api, body), 400, "malformed_json")["detail"]


def test_a_rejection_does_not_repeat_a_long_value(api, session):
    body = {"role": "x" * 1_000_000, "content": ""}

    response = api.post_json(f"{PATH}/{session.pk}/messages", body)

    assert_problem(response, 400, "validation_error")
    assert len(response.content) < 2_000


def test_a_rejection_names_a_hundred_errors_at_most(api):
    response = api.post_json(f"{PATH}/batch", {"sessions": [{"title": 1.5, "model": []}] * 500})

    body = assert_problem(response, 400, "validation_error")
    assert len(body["errors"]["sessions"]) == 100
