"""POST /v1/chat/sessions/batch, and DELETE /v1/chat/sessions."""

import pytest

from chat.models import ChatSession
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


def delete(api, body):
    return api.delete(PATH, body, content_type="application/json")


def test_creates_all_in_the_order_given(api, user):
    body = {"sessions": [{"title": f"S{n}"} for n in range(499)] + [{}]}

    response = api.post_json(f"{PATH}/batch", body)

    assert response.status_code == 201
    made = response.json()["data"]
    assert [session["title"] for session in made[:-1]] == [f"S{n}" for n in range(499)]
    assert made[-1]["title"].startswith("Chat ")
    assert response.json()["count"] == 500
    assert ChatSession.objects.filter(user=user).count() == 500


def test_creating_500_takes_one_statement(api, django_assert_num_queries):
    api.get(PATH)

    # The INSERT; outside of tests, bulk_create adds a BEGIN and a COMMIT.
    with django_assert_num_queries(1):
        api.post_json(f"{PATH}/batch", {"sessions": [{}] * 500})


def test_a_bad_item_fails_all_and_is_named_by_its_index(api):
    body = {"sessions": [{}, {"title": "x" * 256}]}

    problem = assert_problem(api.post_json(f"{PATH}/batch", body), 400, "validation_error")

    assert list(problem["errors"]["sessions"]) == ["1"]
    assert not ChatSession.objects.exists()


def test_deletes_only_the_users_own_sessions(api, stranger_api, session):
    theirs = stranger_api.post_json(PATH, {}).json()["data"]["id"]
    mine = api.post_json(PATH, {}).json()["data"]["id"]

    response = delete(api, {"ids": [session.pk, mine, theirs, 999_999_999]})

    assert response.json()["data"] == {"deleted_count": 2}
    assert api.get(PATH).json()["count"] == 0
    assert stranger_api.get(PATH).json()["count"] == 1


def test_deleting_many_takes_one_statement(api, session, django_assert_num_queries):
    api.get(PATH)

    # The UPDATE.
    with django_assert_num_queries(1):
        delete(api, {"ids": [session.pk, 5, 6]})


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["x"]}, {"ids": [1] * 501}], ids=str)
def test_rejects_bad_ids(api, body):
    assert_problem(delete(api, body), 400, "validation_error")
