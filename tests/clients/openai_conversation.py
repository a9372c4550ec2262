"""A conversation by OpenAI's own client; run by test_openai.py where that is installed."""

import asyncio
import os

from agents.memory import OpenAIConversationsSession
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError, OpenAI

KEY, URL = os.environ["GATEWAYZ_API_KEY"], os.environ["GATEWAYZ_URL"] + "/v1"
HELLO = {"role": "user", "content": "Where is it warm?"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "warm in Rome"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}


def keep_a_conversation(client):
    conversation = client.conversations.create(metadata={"topic": "holidays"}, items=[HELLO])
    assert client.conversations.retrieve(conversation.id) == conversation
    changed = client.conversations.update(conversation.id, metadata={"topic": "work"})
    assert changed.metadata == {"topic": "work"}

    items = client.conversations.items
    image = {"role": "user", "content": [IMAGE]}
    added = items.create(conversation.id, items=[CALL, OUTPUT, REASONING, image]).data
    assert [item.type for item in added] == [
        *("function_call", "function_call_output", "reasoning", "message")
    ]
    for item, given in zip(added[:3], (CALL, OUTPUT, REASONING), strict=True):
        assert item.to_dict() == {**given, "id": item.id}
    assert added[3].content[0].to_dict() == IMAGE
    listed = [
        *items.list(conversation.id, limit=2, order="asc", include=["file_search_call.results"])
    ]
    assert listed[1:] == added
    assert listed[0].content[0].text == HELLO["content"]
    assert items.retrieve("rs_1", conversation_id=conversation.id) == added[2]
    assert items.delete("rs_1", conversation_id=conversation.id).id == conversation.id
    assert len([*items.list(conversation.id)]) == 4
    assert client.conversations.delete(conversation.id).deleted
    return conversation.id


def error_of(kind, ask):
    try:
        ask()
    except kind as error:
        return error.code, error.param
    return None


def get_errors(client, deleted_id):
    stranger = client.with_options(api_key="none")
    retrieve, create = client.conversations.retrieve, client.conversations.create
    assert error_of(NotFoundError, lambda: retrieve(deleted_id)) == ("not_found", None)
    assert error_of(BadRequestError, lambda: create(items=[7])) == ("validation_error", "items")
    assert error_of(AuthenticationError, lambda: stranger.conversations.retrieve(deleted_id)) == (
        "unknown_key",
        None,
    )


async def keep_a_session_of_agents():
    client = AsyncOpenAI(api_key=KEY, base_url=URL)
    session = OpenAIConversationsSession(openai_client=client)
    await session.add_items(
        [*({"role": "user", "content": str(n)} for n in range(25)), CALL, OUTPUT]
    )
    everything = await session.get_items()
    assert len(everything) == 27
    assert await session.get_items(2) == everything[-2:]
    popped = await session.pop_item()
    assert {**OUTPUT, "id": popped["id"]} == popped
    assert await session.get_items() == everything[:-1]
    # Items that were read may be added again, as a run that goes on does.
    await session.add_items(everything[-2:-1])
    assert await session.get_items() == everything[:-1]
    await session.clear_session()


openai = OpenAI(api_key=KEY, base_url=URL)
get_errors(openai, keep_a_conversation(openai))
asyncio.run(keep_a_session_of_agents())
