"""The requests that the Python client repeats, and the errors that it raises."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gatewayz_client import (
    NULL,
    Gatewayz,
    LimitError,
    NotFoundError,
    ProblemError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
    every,
)

DONE = httpx.Response(200, json={"success": True, "data": {"id": 1}})


def problem(status: int, code: str, retry_after: str = "0") -> httpx.Response:
    body = {"status": status, "code": code, "detail": "A sentence."}
    return httpx.Response(status, json=body, headers={"Retry-After": retry_after})


class Server:
    """Answers in turn, and raises what is an exception."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> Gatewayz:
        return Gatewayz("gw_live_key", transport=httpx.MockTransport(self))


Call = Callable[[Gatewayz], Any]


def create_session(client: Gatewayz) -> Any:
    return client.chat.create_session(title="Hello")


def create_api_key(client: Gatewayz) -> Any:
    return client.keys.create_api_key("mine")


def read_profile(client: Gatewayz) -> Any:
    return client.account.get_profile()


@pytest.mark.parametrize(
    "first",
    [
        problem(429, "rate_limited"),
        problem(503, "deadline_exceeded"),
        problem(503, "overloaded"),
        httpx.Response(502, text="<h1>Bad gateway</h1>", headers={"Retry-After": "0"}),
        httpx.ReadTimeout("no answer"),
        httpx.ConnectError("refused"),
    ],
    ids=lambda first: getattr(first, "status_code", type(first).__name__),
)
@pytest.mark.parametrize("call", [create_session, read_profile])
def test_repeats_idempotent_requests(call: Call, first: Any):
    server = Server(first, DONE)

    assert call(server.client())
    keys = {request.headers.get("Idempotency-Key") for request in server.requests}
    assert (len(server.requests), len(keys)) == (2, 1)


@pytest.mark.parametrize(
    ("first", "error"),
    [
        (problem(503, "deadline_exceeded"), UnavailableError),
        (httpx.ReadTimeout("no answer"), UnreachableError),
    ],
)
def test_does_not_repeat_a_request_that_may_have_been_done(first: Any, error: type[Exception]):
    server = Server(first)

    with pytest.raises(error):
        create_api_key(server.client())


@pytest.mark.parametrize(
    "first", [problem(429, "rate_limited"), problem(503, "overloaded"), httpx.ConnectError("no")]
)
def test_repeats_a_request_that_was_not_started(first: Any):
    server = Server(first, DONE)

    assert create_api_key(server.client())


def test_gives_up_after_the_last_attempt():
    server = Server(*[problem(503, "overloaded")] * 4)

    with pytest.raises(UnavailableError):
        create_session(server.client())
    assert server.answers == []


def test_does_not_obey_a_long_retry_after():
    server = Server(problem(429, "plan_monthly_requests", retry_after="86400"))

    with pytest.raises(LimitError) as raised:
        create_session(server.client())
    assert raised.value.retry_after_seconds == 86400


def test_a_response_of_a_proxy_becomes_a_problem_too():
    server = Server(httpx.Response(413, text="<h1>Too large</h1>"))

    with pytest.raises(ProblemError) as raised:
        create_session(server.client())
    assert raised.value.code == "http_413"


# --- On the service -----------------------------------------------------------------------------


def test_a_conversation(client: Gatewayz):
    session = client.chat.create_session(title="Deep thought")
    message = client.chat.append_message(session["id"], role="user", content="How many?")
    client.chat.append_messages(session["id"], [{"role": "assistant", "content": "42"}])

    read = client.chat.read_session(session["id"])
    assert [message["content"] for message in read["messages"]] == ["How many?", "42"]
    assert read["messages"][0]["id"] == message["id"]
    assert client.chat.search_chats("42").data[0]["id"] == session["id"]
    assert b"42" in client.chat.export_session(session["id"], format="markdown")
    kinds = [line["type"] for line in client.chat.export_all()]
    assert kinds == ["session", "message", "message"]
    client.chat.delete_session(session["id"])
    with pytest.raises(NotFoundError) as raised:
        client.chat.read_session(session["id"])
    assert raised.value.code == "not_found"
    assert raised.value.request_id


def test_the_same_idempotency_key_creates_once(client: Gatewayz):
    first, second = (
        client.chat.create_session(title="Once", idempotency_key="k1") for _ in range(2)
    )

    assert first["id"] == second["id"]


@pytest.mark.parametrize("limit", [2, 5, 100])
def test_iterates_over_all_pages(client: Gatewayz, limit: int):
    client.chat.create_sessions([{"title": f"Session {number}"} for number in range(5)])
    for number in range(5):
        client.chat.give_feedback("thumbs_up", comment=str(number))

    titles = [session["title"] for session in every(client.chat.list_sessions, limit=limit)]
    assert sorted(titles) == [f"Session {number}" for number in range(5)]
    comments = [given["comment"] for given in every(client.chat.list_feedback, limit=limit)]
    assert sorted(comments) == ["0", "1", "2", "3", "4"]


def test_a_key_from_creation_to_deletion(client: Gatewayz):
    made = client.keys.create_api_key("second", scope_permissions={"chat": ["read"]})
    rotated = client.keys.rotate_api_key(made["data"]["id"])

    assert rotated["api_key"] != made["api_key"]
    assert client.keys.list_api_keys().count == 2
    client.keys.delete_api_key(made["data"]["id"])
    assert client.keys.list_api_keys().count == 1


def test_null_clears_a_field(client: Gatewayz):
    client.account.patch_profile(chat_retention_days=7)

    assert client.account.patch_profile(username="ada")["chat_retention_days"] == 7
    assert client.account.patch_profile(chat_retention_days=NULL)["chat_retention_days"] is None
    kept = client.account.patch_profile(delete_chats_after_days=90)
    assert kept["delete_chats_after_days"] == 90


@pytest.mark.usefixtures("client")
def test_an_unknown_key_is_rejected(transport: httpx.WSGITransport):
    with (
        Gatewayz("gw_live_nobody", "http://testserver", transport=transport) as stranger,
        pytest.raises(UnauthorizedError),
    ):
        stranger.account.get_profile()
