"""/v1/chat/feedback, /v1/chat/feedback/{id} and GET /v1/chat/sessions/{id}/feedback."""

import pytest

from chat.models import ChatMessage, Feedback
from tests.problems import assert_problem

PATH = "/v1/chat/feedback"


@pytest.fixture
def message(session):
    return ChatMessage.objects.create(
        session=session, role="assistant", content="Hello!", model="acme/big"
    )


def give(api, **body):
    response = api.post_json(PATH, {"feedback_type": "thumbs_up"} | body)
    assert response.status_code == 201, response.content
    return response.json()["data"]


def ids(response):
    return [feedback["id"] for feedback in response.json()["data"]]


def test_keeps_feedback_on_a_message(api, user, session, message):
    given = {
        "session_id": session.pk,
        "message_id": message.pk,
        "feedback_type": "thumbs_down",
        "rating": 2,
        "comment": "Wrong 👎",
        "model": "acme/other",
        "metadata": {"reason": ["tone"]},
    }

    feedback = give(api, **given)

    row = Feedback.objects.get()
    assert feedback == given | {
        "id": row.pk,
        "user_id": user.pk,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
    }


def test_takes_session_and_model_from_its_message_or_session(api, session, message):
    on_message = give(api, message_id=message.pk)
    on_session = give(api, session_id=session.pk)
    in_general = give(api, comment="Nice")

    assert (on_message["session_id"], on_message["model"]) == (session.pk, "acme/big")
    assert (on_session["message_id"], on_session["model"]) == (None, "openai/gpt-4o")
    assert (in_general["session_id"], in_general["model"]) == (None, "")


def test_giving_a_thumb_takes_six_statements(api, session, message, django_assert_num_queries):
    api.get(PATH)

    # The message; BEGIN; the lock of the message; the thumb before; the INSERT; COMMIT.
    with django_assert_num_queries(6):
        give(api, message_id=message.pk)


def test_giving_other_feedback_takes_two_statements(
    api, session, message, django_assert_num_queries
):
    api.get(PATH)

    # The message; the INSERT.
    with django_assert_num_queries(2):
        give(api, message_id=message.pk, feedback_type="regenerate")


@pytest.mark.parametrize(
    "bad",
    [
        {"feedback_type": "meh"},
        {"feedback_type": None},
        {"rating": 0},
        {"rating": 6},
        {"comment": "a\x00b"},
        {"metadata": {"a": "\x00"}},
        {"session_id": "x"},
        {"message_id": 2**63},
    ],
    ids=repr,
)
def test_rejects_a_bad_field_and_names_it(api, bad):
    response = api.post_json(PATH, {"feedback_type": "thumbs_up"} | bad)

    assert list(assert_problem(response, 400, "validation_error")["errors"]) == list(bad)


def test_a_message_or_session_of_somebody_else_is_not_found(api, stranger_api, session, message):
    other = api.post_json("/v1/chat/sessions", {}).json()["data"]
    up = {"feedback_type": "thumbs_up"}

    for client, about in (
        (stranger_api, {"session_id": session.pk}),
        (stranger_api, {"message_id": message.pk}),
        (api, {"message_id": message.pk, "session_id": other["id"]}),
        (api, {"session_id": 999_999_999}),
    ):
        assert_problem(client.post_json(PATH, up | about), 404, "not_found")
    assert not Feedback.objects.exists()


def test_lists_a_users_feedback_newest_first_with_filters(api, stranger_api, session):
    give(stranger_api)
    up = give(api, session_id=session.pk)
    down = give(api, feedback_type="thumbs_down", model="acme/big")

    assert ids(api.get(PATH)) == [down["id"], up["id"]]
    assert ids(api.get(PATH, {"feedback_type": "thumbs_up"})) == [up["id"]]
    assert ids(api.get(PATH, {"model": "acme/big"})) == [down["id"]]
    assert ids(api.get(PATH, {"session_id": session.pk})) == [up["id"]]
    assert ids(api.get(f"/v1/chat/sessions/{session.pk}/feedback")) == [up["id"]]
    page = api.get(PATH, {"limit": 1, "offset": 1})
    assert (ids(page), page.json()["count"]) == ([up["id"]], 2)


def test_listing_takes_one_statement_or_two(api, django_assert_num_queries):
    give(api)

    # The page, which shows that there is no other.
    with django_assert_num_queries(1):
        assert api.get(PATH).json()["count"] == 1
    # The page; the count.
    for query in ({"limit": 1}, {"offset": 1}):
        with django_assert_num_queries(2):
            assert api.get(PATH, query).json()["count"] == 1


@pytest.mark.parametrize("query", [{"limit": "0"}, {"feedback_type": "x"}, {"model": "\x00"}])
def test_rejects_a_bad_page(api, query):
    assert_problem(api.get(PATH, query), 400, "validation_error")


def test_the_feedback_of_somebody_elses_session_is_not_found(stranger_api, session):
    assert_problem(stranger_api.get(f"/v1/chat/sessions/{session.pk}/feedback"), 404, "not_found")


def test_changes_the_given_fields_and_keeps_the_rest(api):
    feedback = give(api, rating=2, comment="Hm")

    changed = api.put(
        f"{PATH}/{feedback['id']}",
        {"rating": 5, "comment": None},
        content_type="application/json",
    ).json()["data"]

    assert (changed["rating"], changed["comment"]) == (5, "Hm")
    assert changed["updated_at"] > feedback["updated_at"]


def test_deletes(api):
    path = f"{PATH}/{give(api)['id']}"

    assert api.delete(path).json()["success"] is True
    assert_problem(api.delete(path), 404, "not_found")
    assert ids(api.get(PATH)) == []


@pytest.mark.parametrize("method", ["put", "delete"])
def test_somebody_elses_feedback_is_not_found_and_stays(api, stranger_api, method):
    feedback = give(api, rating=1)

    response = getattr(stranger_api, method)(
        f"{PATH}/{feedback['id']}", {"rating": 5}, content_type="application/json"
    )

    assert_problem(response, 404, "not_found")
    assert Feedback.objects.get().rating == 1


def test_a_thumb_replaces_the_previous_one_and_is_counted_once(api, message):
    def give(kind, **more):
        body = {"message_id": message.pk, "feedback_type": kind, **more}
        return api.post_json("/v1/chat/feedback", body).json()["data"]

    up = give("thumbs_up", rating=5)
    give("regenerate")
    give("regenerate")
    down = give("thumbs_down", comment="wrong")

    assert (down["id"], down["feedback_type"], down["rating"]) == (up["id"], "thumbs_down", None)
    stats = api.get("/v1/chat/feedback/stats").json()["data"]
    assert (stats["thumbs_up"], stats["thumbs_down"], stats["regenerate"]) == (0, 1, 2)


def test_feedback_that_becomes_a_thumb_replaces_the_thumb_of_its_message(api, message, session):
    up = give(api, message_id=message.pk)
    again = give(api, message_id=message.pk, feedback_type="regenerate")
    of_session = give(api, session_id=session.pk)

    changed = api.put(
        f"{PATH}/{again['id']}", {"feedback_type": "thumbs_down"}, content_type="application/json"
    )

    assert changed.status_code == 200
    assert up["id"] not in ids(api.get(PATH))
    assert set(ids(api.get(PATH))) == {again["id"], of_session["id"]}
