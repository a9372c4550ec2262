"""Pinning and archiving sessions, and filtering lists by that."""

import pytest

from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


def patch(api, session_id, body):
    return api.patch(f"{PATH}/{session_id}", body, content_type="application/json")


@pytest.mark.parametrize(("mark", "query"), [("is_pinned", "pinned"), ("is_archived", "archived")])
def test_a_marked_session_is_found_by_its_mark(api, session, mark, query):
    other = api.post_json(PATH, {}).json()["data"]["id"]

    marked = patch(api, session.pk, {mark: True}).json()["data"]

    assert marked[mark] is True
    assert marked["title"] == "Hello"
    for wanted, found in (("true", [session.pk]), ("false", [other])):
        body = api.get(PATH, {query: wanted}).json()
        assert [listed["id"] for listed in body["data"]] == found
        assert body["count"] == 1
    assert patch(api, session.pk, {mark: False}).json()["data"][mark] is False


def test_a_list_without_a_mark_has_all_sessions_in_order_of_time(api, session):
    other = api.post_json(PATH, {}).json()["data"]["id"]

    patch(api, session.pk, {"is_pinned": True, "is_archived": True})

    assert [listed["id"] for listed in api.get(PATH).json()["data"]] == [other, session.pk]


def test_rejects_a_bad_mark(api, session):
    assert_problem(patch(api, session.pk, {"is_pinned": "x"}), 400, "validation_error")
    assert_problem(api.get(PATH, {"pinned": "x"}), 400, "validation_error")
