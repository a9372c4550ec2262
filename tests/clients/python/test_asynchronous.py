"""The asynchronous client does what the synchronous one does."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gatewayz_client import (
    AsyncGatewayz,
    Gatewayz,
    NotFoundError,
    ProblemError,
    UnavailableError,
    UnreachableError,
    aevery,
)

from tests.clients.python.test_calls import Server, problem

GROUPS = ("chat", "keys", "account")
STREAMED = {"export_all", "export_session", "export_account"}


def awaited(use: Callable[[AsyncGatewayz], Awaitable[Any]], transport: Any, **options: Any) -> Any:
    async def run() -> Any:
        async with AsyncGatewayz("gw_live_key", transport=transport, **options) as client:
            return await use(client)

    # In a thread of its own: that of the tests may have the event loop of the browser's.
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, run()).result()


class Synchronous(httpx.AsyncBaseTransport):
    """Sends by a synchronous transport, which never waits."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.stream = httpx.ByteStream(await request.aread())
        response = self._transport.handle_request(request)
        content = b"".join(response.stream)
        return httpx.Response(response.status_code, headers=response.headers, content=content)


def methods(client: Any) -> dict[str, Any]:
    return {
        name: method
        for group in GROUPS
        for name, method in inspect.getmembers(getattr(client, group), callable)
        if not name.startswith("_")
    }


def test_both_clients_have_the_same_methods_with_the_same_arguments():
    mine, theirs = methods(AsyncGatewayz("key")), methods(Gatewayz("key"))

    assert mine.keys() == theirs.keys()
    for name, method in mine.items():
        arguments = inspect.signature(method).parameters
        assert list(arguments) == list(inspect.signature(theirs[name]).parameters)
        assert inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
        assert method.__doc__ == theirs[name].__doc__


@pytest.mark.parametrize("name", sorted(methods(Gatewayz("key")).keys() - STREAMED))
def test_both_clients_send_the_same_request(name):
    sent: list[tuple[Any, ...]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        has_key = "Idempotency-Key" in request.headers
        sent.append((request.method, str(request.url), request.content, has_key))
        return httpx.Response(200, json={"data": [], "count": 0})

    transport = httpx.MockTransport(answer)
    with Gatewayz("key", transport=transport) as client:
        method = methods(client)[name]
        needed = [
            parameter.name
            for parameter in inspect.signature(method).parameters.values()
            if parameter.default is parameter.empty
        ]
        result = method(**dict.fromkeys(needed, 1))

    def use(client: AsyncGatewayz) -> Awaitable[Any]:
        call: Awaitable[Any] = methods(client)[name](**dict.fromkeys(needed, 1))
        return call

    assert awaited(use, transport) == result
    assert sent[0] == sent[1]


@pytest.mark.parametrize(
    "first", [problem(503, "deadline_exceeded"), httpx.ReadTimeout("no answer")], ids=str
)
def test_sends_again_with_the_same_idempotency_key(first):
    server = Server(first, httpx.Response(200, json={"data": {"id": 1}}))

    assert awaited(lambda client: client.chat.create_session(), httpx.MockTransport(server))
    keys = {request.headers["Idempotency-Key"] for request in server.requests}
    assert (len(server.requests), len(keys)) == (2, 1)


@pytest.mark.parametrize(
    ("first", "error"),
    [
        (problem(503, "deadline_exceeded"), UnavailableError),
        (httpx.ReadTimeout("no answer"), UnreachableError),
        (httpx.Response(413, text="<h1>Too large</h1>"), ProblemError),
    ],
)
def test_raises_what_the_synchronous_client_raises(first, error):
    server = Server(first)

    with pytest.raises(error):
        awaited(lambda client: client.keys.create_api_key("mine"), httpx.MockTransport(server))


def test_a_truncated_export_raises_an_error():
    server = Server(httpx.Response(200, text='{"type": "session"}\n'))

    async def use(client: AsyncGatewayz) -> None:
        async for _ in client.chat.export_all():
            pass

    with pytest.raises(UnreachableError):
        awaited(use, httpx.MockTransport(server))


def finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run what never waits, outside of event loops: Django gives those other connections."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


@pytest.mark.usefixtures("client")
def test_a_conversation(transport: httpx.WSGITransport, api_key: str):
    async def use() -> None:
        service = Synchronous(transport)
        async with AsyncGatewayz(api_key, "http://testserver", transport=service) as mine:
            session = await mine.chat.create_session(external_id="e", end_user_id="u", tags=["t"])
            first = await mine.chat.append_message(
                session["id"], role="user", content="How many?", client_id="c"
            )
            await mine.chat.append_message(session["id"], role="assistant", content="42")
            await mine.chat.patch_message(session["id"], first["id"], content="How much?")
            again = await mine.chat.read_message(session["id"], first["id"])
            assert (again["content"], again["client_id"]) == ("How much?", "c")
            found = [each async for each in aevery(mine.chat.list_sessions, tag="t", limit=1)]
            assert [each["id"] for each in found] == [session["id"]]
            assert json.loads(await mine.chat.export_session(session["id"]))
            kinds = [line["type"] async for line in mine.chat.export_all()]
            assert kinds == ["session", "message", "message"]
            await mine.chat.truncate_messages(session["id"], first["id"])
            assert len(await mine.chat.list_messages(session["id"])) == 1
            assert (await mine.chat.delete_sessions([session["id"]]))["deleted_count"] == 1
            with pytest.raises(NotFoundError):
                await mine.chat.read_session(session["id"])

    finish(use())
