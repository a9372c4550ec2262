"""Conversations by OpenAI's Agents SDK; run by test_adapters.py where that is installed."""

import asyncio
import os
from uuid import uuid4

from agents import (
    Agent,
    Model,
    ModelResponse,
    Runner,
    ToolOutputImage,
    ToolOutputText,
    Usage,
    function_tool,
)
from agents.memory import OpenAIConversationsSession, Session, SessionSettings, SQLiteSession
from gatewayz_client import AsyncGatewayz, Gatewayz
from gatewayz_client.openai_agents import GatewayzSession
from openai import AsyncOpenAI
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)

KEY, URL = os.environ["GATEWAYZ_API_KEY"], os.environ["GATEWAYZ_URL"]
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlE"
    "QVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CALL = {
    "type": "function_call",
    "call_id": "c",
    "name": "weather",
    "arguments": '{"city": "Rome"}',
}
EVERY_KIND = [
    {"role": "user", "content": "Where is it warm?"},
    {"type": "message", "role": "developer", "content": "Be brief.", "status": "completed"},
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,JVBERi0="},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        ],
    },
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Warm?"}],
        "encrypted_content": "gAAA",
    },
    {**CALL, "id": "fc_1", "status": "completed"},
    {"type": "function_call_output", "call_id": "c", "output": "warm"},
    {**CALL, "id": "__fake_id__"},
    {**CALL, "id": "__fake_id__", "call_id": "d"},
    {
        "type": "function_call_output",
        "call_id": "d",
        "output": [{"type": "input_image", "image_url": PIXEL}],
    },
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"},
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "incomplete",
        "phase": "final_answer",
        "content": [
            {"type": "output_text", "text": "In Rome.", "annotations": [], "logprobs": []}
        ],
    },
    {"role": "user", "content": "Where is it warm?"},
]


def name():
    return f"agents-{uuid4()}"


async def read_back_what_was_written(client, one):
    session = GatewayzSession(one, client, title="Holidays")
    assert isinstance(session, Session)
    assert await session.get_items() == []
    assert await session.pop_item() is None
    await session.add_items([])
    await session.add_items(EVERY_KIND)
    assert await session.get_items() == EVERY_KIND
    assert await session.get_items(0) == []
    assert await session.get_items(3) == EVERY_KIND[-3:]
    assert await session.get_items(99) == EVERY_KIND
    limited = GatewayzSession(one, client, session_settings=SessionSettings(limit=2))
    assert await limited.get_items() == EVERY_KIND[-2:]
    return session


async def show_the_same_to_openais_client(client, session):
    """As items of /v1/conversations, and as messages."""
    found = (await client.chat.list_sessions(external_id=session.session_id)).data[0]
    messages = await client.chat.list_messages(found["id"])
    assert found["title"] == "Holidays"
    assert [message["role"] for message in messages] == [
        *("user", "developer", "user", "assistant", "assistant", "tool", "assistant"),
        *("assistant", "tool", "assistant", "assistant", "assistant", "user"),
    ]
    assert messages[2]["content"] == EVERY_KIND[2]["content"]
    async with AsyncOpenAI(api_key=KEY, base_url=f"{URL}/v1") as openai:
        theirs = OpenAIConversationsSession(
            conversation_id=f"conv_{found['id']}", openai_client=openai
        )
        items = await theirs.get_items()
        assert len(items) == len(EVERY_KIND)
        for item, given in zip(items, EVERY_KIND, strict=True):
            # A text is a part there, and what has no id gets one.
            alike = given.keys() - {"content", "id"}
            assert {field: item[field] for field in alike} == {
                field: given[field] for field in alike
            }
        assert items[3] == EVERY_KIND[3]
        await theirs.add_items([{**CALL, "id": "fc_2"}, {"role": "user", "content": "Why?"}])
    call, question = await session.get_items(2)
    assert call == {**CALL, "id": "fc_2"}
    assert (question["role"], question["content"]) == ("user", "Why?")
    await client.chat.append_messages(
        found["id"],
        [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "done"},
        ],
    )
    image = {"type": "input_image", "image_url": PIXEL, "detail": "auto"}
    assert await session.get_items(3) == [
        {"role": "user", "content": [image]},
        {"role": "assistant", "content": "I look."},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "done"},
    ]


async def do_what_the_sessions_of_the_sdk_do(client):
    ours, theirs = GatewayzSession(name(), client), SQLiteSession(name())
    for items in (EVERY_KIND[:1], EVERY_KIND[3:9], EVERY_KIND):
        for session in (ours, theirs):
            await session.clear_session()
            await session.add_items(items)
        for _ in range(3):
            assert await ours.get_items() == await theirs.get_items()
            assert await ours.get_items(2) == await theirs.get_items(2)
            assert await ours.pop_item() == await theirs.pop_item()


class FakeModel(Model):
    """Thinks, asks for a tool, and then answers."""

    def __init__(self):
        self.seen = []

    async def get_response(self, system_instructions, input, *args, **kwargs):  # noqa: A002
        self.seen.append(input)
        number = len(self.seen)
        if number % 2:
            output = [
                ResponseReasoningItem(id=f"rs_{number}", summary=[], type="reasoning"),
                ResponseFunctionToolCall(
                    id=f"fc_{number}",
                    call_id=f"call_{number}",
                    name="weather",
                    arguments='{"city": "Rome"}',
                    type="function_call",
                ),
            ]
        else:
            text = ResponseOutputText(text="Warm.", type="output_text", annotations=[])
            output = [
                ResponseOutputMessage(
                    id=f"msg_{number}",
                    content=[text],
                    role="assistant",
                    status="completed",
                    type="message",
                )
            ]
        return ModelResponse(output=output, usage=Usage(), response_id=None)

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


@function_tool
def weather(city: str) -> list[ToolOutputText | ToolOutputImage]:
    """The weather of a city, with a picture."""
    return [ToolOutputText(text=f"warm in {city}"), ToolOutputImage(image_url=PIXEL)]


async def keep_the_turns_of_an_agent(client):
    model = FakeModel()
    agent = Agent("Guide", model=model, tools=[weather])
    one = name()
    for turn in ("Where is it warm?", "Are you sure?"):
        result = await Runner.run(agent, turn, session=GatewayzSession(one, client))
        assert result.final_output == "Warm."
    items = await GatewayzSession(one, client).get_items()
    assert [item.get("type", item.get("role")) for item in items] == [
        *("user", "reasoning", "function_call", "function_call_output", "message"),
        *("user", "reasoning", "function_call", "function_call_output", "message"),
    ]
    assert items[3]["output"] == [
        {"type": "input_text", "text": "warm in Rome"},
        {"type": "input_image", "image_url": PIXEL},
    ]
    # The second run began with the items of the first.
    assert model.seen[2] == items[:6]


async def converse():
    async with AsyncGatewayz(KEY, URL) as client:
        session = await read_back_what_was_written(client, name())
        await show_the_same_to_openais_client(client, session)
        await do_what_the_sessions_of_the_sdk_do(client)
        await keep_the_turns_of_an_agent(client)
    with Gatewayz(KEY, URL) as client:
        await read_back_what_was_written(client, name())
        await keep_the_turns_of_an_agent(client)


asyncio.run(converse())
