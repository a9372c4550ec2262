"""The time of an append through each client and adapter in Python, against httpx alone.

`python -m benchmarks clients` runs it in Pythons that have the frameworks, with GATEWAYZ_URL and
GATEWAYZ_API_KEY of a running service. Adapters that lack their framework are skipped.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from uuid import uuid4

import httpx
from gatewayz_client import AsyncGatewayz, Gatewayz

KEY, URL = os.environ["GATEWAYZ_API_KEY"], os.environ["GATEWAYZ_URL"]
APPENDS = 100
TEXT = "Where is it warm in May? " * 20

Append = Callable[[], object]


def of_httpx(client: Gatewayz) -> Append:
    http = httpx.Client(base_url=URL, headers={"Authorization": f"Bearer {KEY}"})
    session = http.post("/v1/chat/sessions", json={}).json()["data"]["id"]
    path, body = f"/v1/chat/sessions/{session}/messages", {"role": "user", "content": TEXT}
    return lambda: http.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})


def of_client(client: Gatewayz) -> Append:
    session = client.chat.create_session()["id"]
    return lambda: client.chat.append_message(session, role="user", content=TEXT)


def of_asynchronous_client(client: Gatewayz) -> Append:
    loop, mine = asyncio.new_event_loop(), AsyncGatewayz(KEY, URL)
    session = client.chat.create_session()["id"]
    append = mine.chat.append_message
    return lambda: loop.run_until_complete(append(session, role="user", content=TEXT))


def of_langchain(client: Gatewayz) -> Append:
    from gatewayz_client.langchain import GatewayzChatMessageHistory

    history = GatewayzChatMessageHistory(client, str(uuid4()))
    return lambda: history.add_user_message(TEXT)


def of_llama_index(client: Gatewayz) -> Append:
    from gatewayz_client.llama_index import GatewayzChatStore
    from llama_index.core.llms import ChatMessage

    store, key = GatewayzChatStore(client), str(uuid4())
    return lambda: store.add_message(key, ChatMessage(TEXT))


def of_openai_agents(client: Gatewayz) -> Append:
    from gatewayz_client.openai_agents import GatewayzSession

    loop, session = (
        asyncio.new_event_loop(),
        GatewayzSession(str(uuid4()), AsyncGatewayz(KEY, URL)),
    )
    items = [{"role": "user", "content": TEXT}]
    return lambda: loop.run_until_complete(session.add_items(items))


def of_openai(client: Gatewayz) -> Append:
    from openai import OpenAI

    conversations = OpenAI(api_key=KEY, base_url=f"{URL}/v1").conversations
    one = conversations.create().id
    items = [{"role": "user", "content": TEXT}]
    return lambda: conversations.items.create(one, items=items)


def of_pydantic_ai(client: Gatewayz) -> Append:
    from gatewayz_client.pydantic_ai import GatewayzMessageHistory
    from pydantic_ai import ModelRequest

    history = GatewayzMessageHistory(client, str(uuid4()))
    return lambda: history.save([ModelRequest.user_text_prompt(TEXT)])


def median_ms(appends: dict[str, Append]) -> dict[str, float]:
    """The median of each, in turns, so that a busy moment meets all of them."""
    taken: dict[str, list[float]] = {name: [] for name in appends}
    for _ in range(APPENDS):
        for name, append in appends.items():
            began = time.perf_counter()
            append()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) * 1000 for name, times in taken.items()}


def main() -> None:
    appends: dict[str, Append] = {}
    with Gatewayz(KEY, URL) as client:
        for make in (
            *(of_httpx, of_client, of_asynchronous_client),
            *(of_langchain, of_llama_index, of_openai, of_openai_agents, of_pydantic_ai),
        ):
            name = make.__name__.removeprefix("of_")
            try:
                appends[name] = make(client)
            except ImportError:
                continue
            appends[name]()
        medians = median_ms(appends)
    for name, milliseconds in medians.items():
        print(f"  {name:20} {milliseconds:6.1f} ms  {milliseconds / medians['httpx']:5.2f}")


if __name__ == "__main__":
    main()
