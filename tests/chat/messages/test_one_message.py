"""GET, PATCH and DELETE /v1/chat/sessions/{id}/messages/{message_id}, and what follows one."""

import pytest

from chat.models import ChatMessage, ChatSession, Feedback, SearchPending
from tests.problems import assert_problem


def path(session, message=None):
    base = f"/v1/chat/sessions/{session.pk}/messages"
    return base if message is None else f"{base}/{message['id']}"


def say(api, session, content="x", role="user", **more):
    answer = api.post_json(path(session), {"role": role, "content": content, **more})
    assert answer.status_code in (200, 201), answer.content
    return answer.json()["data"]


def patch(api, session, message, **body):
    return api.patch(path(session, message), body, content_type="application/json")


def contents(api, session):
    page = api.get(f"/v1/chat/sessions/{session.pk}").json()["data"]
    return [message["content"] for message in page["messages"]]


def search(api, word):
    return api.post_json("/v1/chat/search", {"query": word}).json()["count"]


def test_a_single_message_can_be_read(api, stranger_api, session):
    message = say(api, session)
    other = ChatSession.objects.create(user=session.user, title="Other", model="m")

    assert api.get(path(session, message)).json()["data"] == message
    assert_problem(stranger_api.get(path(session, message)), 404, "not_found")
    assert_problem(api.get(path(other, message)), 404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"content": "The answer"},
        {"content": None},
        {"content": [{"type": "text", "text": "The answer"}]},
        {"metadata": {"b": 1, "a": 2}},
        {"metadata": None},
        {"tokens": 7},
        {"model": "acme/big"},
        {"reasoning": "because"},
        {"reasoning": None},
        {"status": "failed"},
        {"tool_calls": [{"id": "c"}]},
        {"feeling": "good"},
    ],
    ids=str,
)
def test_a_change_affects_only_the_fields_it_names(api, session, change):
    message = say(
        api, session, [{"type": "text", "text": "old"}], metadata={"o": 1}, reasoning="r", name="n"
    )

    changed = patch(api, session, message, **change).json()["data"]

    differing = {n for n in changed if changed[n] != message.get(n)}
    assert differing - {"updated_at", "revision", "edited"} == set(change)
    assert {n: changed[n] for n in change} == change
    assert changed["updated_at"] is not None
    assert api.get(path(session, message)).json()["data"] == changed


def test_an_edited_message_is_marked_and_found_by_its_new_words(api, session):
    message = say(api, session, "oldword")

    changed = patch(api, session, message, content="newword").json()["data"]

    assert (message["edited"], changed["edited"], changed["revision"]) == (False, True, 1)
    assert (search(api, "oldword"), search(api, "newword")) == (0, 1)


def test_a_message_in_progress_grows_without_being_marked_as_edited(api, session):
    message = say(api, session, "The", status="in_progress")
    patch(api, session, message, content="The answ")

    done = patch(api, session, message, content="The answer", status="completed").json()["data"]

    assert (done["content"], done["status"], done["edited"]) == ("The answer", "completed", False)
    assert search(api, "answer") == 1


def test_a_completed_message_never_goes_back_to_in_progress(api, session):
    message = say(api, session, client_id="m")

    late = patch(api, session, message, status="in_progress")
    again = api.post_json(
        path(session), {"role": "user", "content": "y", "client_id": "m", "status": "in_progress"}
    )

    for answer in (late, again):
        assert_problem(answer, 409, "message_complete")
    assert contents(api, session) == ["x"]


@pytest.mark.parametrize("upsert", [False, True])
def test_a_late_change_with_a_lower_revision_is_a_conflict(api, session, upsert):
    message = say(api, session, "a", client_id="m", status="in_progress", revision=5)

    def change(**body):
        if not upsert:
            return patch(api, session, message, **body)
        body = {"role": "user", "client_id": "m", "status": "in_progress", **body}
        return api.post_json(path(session), body)

    assert change(content="ab", revision=7).status_code == 200
    assert_problem(change(content="aa", revision=6), 409, "revision_conflict")
    assert change(content="abc", revision=7).status_code == 200
    assert contents(api, session) == ["abc"]


def test_a_growing_message_is_indexed_only_once_it_is_complete(api, session):
    message = say(api, session, "piece", status="in_progress")
    listed = SearchPending.objects.filter(message_id=message["id"])
    for n in range(5):
        patch(api, session, message, content=f"piece {n}")
    assert listed.count() == 0

    patch(api, session, message, status="completed")
    assert listed.count() == 1


def test_a_change_of_a_complete_message_takes_two_statements_or_one_with_a_final_status(
    api, session, django_assert_num_queries
):
    message = say(api, session)
    patch(api, session, message, content="y")

    # The status, which decides by which limit it counts; the function that touches the session
    # and changes the message.
    with django_assert_num_queries(2):
        patch(api, session, message, content="z")
    with django_assert_num_queries(1):
        patch(api, session, message, content="z", status="completed")


def test_a_message_in_progress_grows_by_one_statement(api, session, django_assert_num_queries):
    message = say(api, session, status="in_progress", client_id="a")
    patch(api, session, message, content="y")

    with django_assert_num_queries(1):
        patch(api, session, message, content="z")
    with django_assert_num_queries(1):
        say(api, session, status="in_progress", client_id="a", content="zz")


def test_a_change_moves_the_session_to_the_top(api, session):
    message = say(api, session)
    api.post_json("/v1/chat/sessions", {})

    patch(api, session, message, content="y")

    assert api.get("/v1/chat/sessions").json()["data"][0]["id"] == session.pk


@pytest.mark.parametrize("bad", [{"content": 5}, {"status": "done"}, {"tokens": -1}], ids=str)
def test_rejects_a_bad_change_and_names_it(api, session, bad):
    message = say(api, session)

    problem = assert_problem(patch(api, session, message, **bad), 400, "validation_error")

    assert list(problem["errors"]) == list(bad)


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_somebody_elses_message_is_not_found_and_stays_unchanged(
    api, stranger_api, session, method
):
    message = say(api, session)

    answer = getattr(stranger_api, method)(
        path(session, message), {"content": "y"}, content_type="application/json"
    )

    assert_problem(answer, 404, "not_found")
    assert contents(api, session) == ["x"]


def test_the_children_of_a_deleted_message_move_to_its_parent(api, session):
    first, second, third = (say(api, session, str(n)) for n in range(3))
    api.post_json("/v1/chat/feedback", {"message_id": second["id"], "feedback_type": "thumbs_up"})

    assert api.delete(path(session, second)).json()["success"] is True

    assert contents(api, session) == ["0", "2"]
    assert api.get(path(session, third)).json()["data"]["parent_id"] == first["id"]
    assert_problem(api.get(path(session, second)), 404, "not_found")
    assert Feedback.objects.get().message_id is None


def test_everything_after_a_message_can_be_deleted(api, stranger_api, session):
    messages = [say(api, session, str(n)) for n in range(4)]
    after = f"{path(session)}?after={messages[1]['id']}"

    assert_problem(stranger_api.delete(after), 404, "not_found")
    assert api.delete(after).json()["data"] == {"deleted_count": 2}

    assert contents(api, session) == ["0", "1"]
    assert_problem(api.delete(path(session)), 400, "validation_error")


def test_deleting_after_a_message_spares_its_siblings(api, session):
    question = say(api, session, "q")
    first = say(api, session, "a1", "assistant")
    say(api, session, "q2")
    second = say(api, session, "a2", "assistant", parent_id=question["id"])

    api.delete(f"{path(session)}?after={first['id']}")

    kept = ChatMessage.objects.in_order().values_list("content", flat=True)
    assert list(kept) == ["q", "a1", "a2"]
    assert contents(api, session) == ["q", second["content"]]


def test_fields_that_cannot_be_changed_are_ignored_and_listed(api, session):
    message = say(api, session)

    answer = patch(api, session, message, role="tool", client_id="a", position=1).json()

    assert answer["ignored_fields"] == ["client_id", "position", "role"]
    assert answer["data"]["role"] == "user"
    assert ChatMessage.objects.get().extra is None
