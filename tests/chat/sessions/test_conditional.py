"""ETag and If-None-Match on GET requests."""

import pytest

from tests.problems import assert_problem


@pytest.mark.parametrize("path", ["/v1/chat/sessions", "/v1/chat/sessions/{}"])
def test_answers_304_until_something_changes(api, session, path):
    path = path.format(session.pk)
    first = api.get(path)

    same = api.get(path, headers={"If-None-Match": first["ETag"]})
    api.post_json(f"/v1/chat/sessions/{session.pk}/messages", {"role": "user", "content": "Hello"})
    changed = api.get(path, headers={"If-None-Match": first["ETag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert same["X-Request-ID"]
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_without_a_date_of_its_own_an_answer_is_given_whatever_date_is_asked_for(api, session):
    path = f"/v1/chat/sessions/{session.pk}"
    since = {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}
    first = api.get(path, headers=since)

    assert first.status_code == 200
    assert api.get(path, headers={**since, "If-None-Match": first["ETag"]}).status_code == 304


def test_a_precondition_that_fails_is_a_problem(api, session):
    response = api.get(f"/v1/chat/sessions/{session.pk}", headers={"If-Match": '"another"'})

    assert_problem(response, 412, "precondition_failed")
