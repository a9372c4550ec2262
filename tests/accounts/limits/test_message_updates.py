"""The limit of updates of a message that is still being written."""

import pytest

from chat.messages import throttles
from chat.models import ChatMessage, ChatSession
from tests.problems import assert_problem

GROWING = {"role": "assistant", "content": "The", "status": "in_progress", "client_id": "a"}


@pytest.fixture
def path(user):
    session = ChatSession.objects.create(user=user, title="Hello", model="m")
    return f"/v1/chat/sessions/{session.pk}/messages"


def patch(api, path, **body):
    return api.patch(path, body, content_type="application/json")


def test_fifty_updates_of_a_growing_message_leave_the_requests_of_the_minute(
    api,
    path,
    limit_key,
):
    limit_key(requests_per_minute=3)
    message = api.post_json(path, GROWING).json()["data"]["id"]

    for number in range(25):
        by_id = patch(api, f"{path}/{message}", content="The answer" * number)
        assert (by_id.status_code, by_id["RateLimit-Limit"]) == (200, "1200")
        again = api.post_json(path, GROWING | {"content": "The answer" * number})
        assert (again.status_code, again["RateLimit-Limit"]) == (200, "1200")
    ended = patch(api, f"{path}/{message}", status="completed")

    assert (ended.status_code, ended["RateLimit-Remaining"]) == (200, "1")
    late = patch(api, f"{path}/{message}", content="late")
    assert (late.status_code, late["RateLimit-Remaining"]) == (200, "0")
    assert_problem(patch(api, f"{path}/{message}", content="later"), 429, "requests_per_minute")


@pytest.mark.parametrize(
    "body",
    [
        GROWING | {"client_id": "new"},
        GROWING | {"client_id": None},
        GROWING | {"client_id": 7},
        GROWING | {"status": "completed"},
        {"role": "user", "content": "x", "client_id": "a"},
        [GROWING],
        {"role": "user", "content": "x", "client_id": "a\x00", "status": "in_progress"},
    ],
)
def test_what_begins_or_ends_a_message_is_a_request_like_others(
    api,
    path,
    limit_key,
    body,
):
    api.post_json(path, GROWING)
    limit_key(requests_per_minute=1)

    assert api.post_json(path, body)["RateLimit-Limit"] == "1"
    assert_problem(api.get(path), 429, "requests_per_minute")


def test_a_body_that_cannot_be_read_is_a_request_like_others(api, path, limit_key):
    limit_key(requests_per_minute=1)

    first = api.generic("PATCH", f"{path}/1", "{", "application/json")

    assert_problem(first, 400, "malformed_json")
    second = api.generic("PATCH", f"{path}/1", "{", "application/json")
    assert_problem(second, 429, "requests_per_minute")


def test_the_updates_have_a_limit(api, path, limit_key, monkeypatch):
    monkeypatch.setattr(throttles, "UPDATES_PER_MINUTE", 2)
    limit_key(requests_per_minute=5)
    message = api.post_json(path, GROWING).json()["data"]["id"]

    updates = [patch(api, f"{path}/{message}", content=str(number)) for number in range(3)]

    assert [update.status_code for update in updates] == [200, 200, 429]
    assert_problem(updates[-1], 429, "too_many_attempts")


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ({"max_concurrent_requests": 5}, "1200"),
        ({"requests_per_minute": 3}, "1200"),
        ({"requests_per_minute": 100}, "2000"),
        ({"requests_per_hour": 6_000, "daily_request_limit": 1_000_000}, "2000"),
        ({"requests_per_hour": 60_000, "daily_request_limit": 144_000}, "2000"),
        ({"requests_per_minute": 600, "monthly_request_limit": 4_320_000}, "2000"),
    ],
)
def test_a_plan_allows_twenty_updates_for_each_request(api, path, limit_plan, limits, allowed):
    limit_plan(**limits)
    message = api.post_json(path, GROWING).json()["data"]["id"]

    assert patch(api, f"{path}/{message}", content="x")["RateLimit-Limit"] == allowed


def test_a_message_that_another_process_has_completed_is_counted_as_usual_after_one_change(
    api, path, limit_key
):
    limit_key(requests_per_minute=3)
    message = api.post_json(path, GROWING).json()["data"]["id"]
    patch(api, f"{path}/{message}", content="The answer")
    ChatMessage.objects.filter(pk=message).update(status="completed")

    changes = [patch(api, f"{path}/{message}", content="late") for _ in range(2)]

    assert [change["RateLimit-Limit"] for change in changes] == ["1200", "3"]


def test_another_users_message_does_not_let_a_request_pass(stranger_api, api, path):
    message = api.post_json(path, GROWING).json()["data"]["id"]

    answer = patch(stranger_api, f"{path}/{message}", content="x")

    assert_problem(answer, 404, "not_found")
    assert answer["RateLimit-Limit"] != "1200"
