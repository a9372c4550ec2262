"""Conversations by Pydantic AI; run by test_adapters.py where that is installed."""

import asyncio
import os
from datetime import datetime
from uuid import uuid4

from examples import a_few
from gatewayz_client import AsyncGatewayz, Gatewayz
from gatewayz_client.pydantic_ai import GatewayzMessageHistory
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai import Agent, BinaryContent, ImageUrl, ModelRetry, ToolReturn
from pydantic_ai.messages import (
    AudioUrl,
    DocumentUrl,
    FilePart,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    RetryFeedbackPart,
    RetryInfo,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
    VideoUrl,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RequestUsage

KEY, URL = os.environ["GATEWAYZ_API_KEY"], os.environ["GATEWAYZ_URL"]
# Of all bytes, so that the two alphabets of base64 differ.
PICTURE = b"\x89PNG\r\n" + bytes(range(256)) + b"\xfb\xff\xfe"
IMAGE = BinaryContent(PICTURE, media_type="image/png", vendor_metadata={"detail": "low"})
NOON = datetime.fromisoformat("2026-11-29T12:00:00+00:00")


def as_pydantic_reads_back(messages):
    """The result of their own JSON, where a picture becomes a BinaryImage."""
    return ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(messages))


EVERY_KIND = as_pydantic_reads_back(
    [
        ModelRequest(
            parts=[
                SystemPromptPart("Be brief.", timestamp=NOON, dynamic_ref="a"),
                UserPromptPart("Where is it warm?", timestamp=NOON),
                UserPromptPart(
                    [
                        "What is this?",
                        IMAGE,
                        ImageUrl("https://example.com/rome.png"),
                        AudioUrl("https://example.com/rome.mp3"),
                        VideoUrl("https://example.com/rome.mp4"),
                        DocumentUrl("https://example.com/rome.pdf"),
                        BinaryContent(b"RIFF", media_type="audio/wav"),
                        BinaryContent(b"%PDF-1.4", media_type="application/pdf"),
                    ],
                    timestamp=NOON,
                ),
            ],
            instructions="Be kind.",
            metadata={"a": [1, None]},
            run_id="run_1",
        ),
        ModelResponse(
            parts=[
                ThinkingPart("Warm?", id="rs_1", signature="gAAA", provider_name="test"),
                TextPart("I look it up.", id="msg_1", provider_name="test"),
                ToolCallPart("weather", {"city": "Rome", "days": 3}, tool_call_id="call_1"),
                ToolCallPart("weather", '{"city": "Ro', tool_call_id="call_2"),
                ToolCallPart("clock", None, tool_call_id="call_3"),
                FilePart(BinaryContent(PICTURE, media_type="image/png")),
                TextPart("Wait."),
            ],
            usage=RequestUsage(input_tokens=11, output_tokens=7, details={"reasoning_tokens": 3}),
            model_name="gpt-5",
            timestamp=NOON,
            provider_name="test",
            provider_details={"finish_reason": "tool_calls"},
            provider_response_id="resp_1",
            finish_reason="tool_call",
            run_id="run_1",
            metadata={"b": 1.5},
        ),
        ModelRequest(
            parts=[
                ToolReturnPart(
                    "weather",
                    {"city": "Rome", "degrees": [25.5, None]},
                    "call_1",
                    metadata={"c": 1},
                ),
                ToolReturnPart("map", [{"a": 1}, "b", IMAGE], "call_4"),
                ToolReturnPart("map", IMAGE, "call_5"),
                ToolReturnPart("map", {"kind": "binary", "data": "a-b_c"}, "call_6"),
                ToolReturnPart("map", None, "call_7"),
                ToolReturnPart("clock", "noon", "call_3"),
                ToolReturnPart("weather", "No JSON.", "call_2", outcome="retried"),
                RetryFeedbackPart("Say it in JSON.", retry=RetryInfo(cause="model_retry")),
            ]
        ),
        ModelResponse(parts=[TextPart("In Rome.")], model_name="gpt-5"),
        ModelResponse(parts=[]),
        ModelRequest(parts=[], instructions="Go on."),
        ModelRequest.user_text_prompt("And in May?"),
    ]
)


def new_history(client):
    return GatewayzMessageHistory(client, f"pydantic-{uuid4()}")


def read_back_what_was_written(client, name):
    history = GatewayzMessageHistory(client, name, title="Holidays")
    assert history.load() == []
    history.save(EVERY_KIND[:1])
    history.save(EVERY_KIND[1:])
    assert history.load() == EVERY_KIND
    assert isinstance(history.load()[0].parts[2].content[1], BinaryContent)
    return history


def show_a_conversation_to_others(client, name, history):
    session = client.chat.list_sessions(external_id=name).data[0]
    messages = client.chat.list_messages(session["id"])
    assert (session["title"], session["model"]) == ("Holidays", "gpt-5")
    assert [message["role"] for message in messages] == [
        *("system", "user", "user", "assistant"),
        *["tool"] * 7,
        *("user", "assistant", "assistant", "user", "user"),
    ]
    question, answer, result = messages[2:5]
    assert question["content"][0] == {"type": "text", "text": "What is this?"}
    url = question["content"][1]["image_url"]["url"]
    assert url == f"data:image/png;base64,{IMAGE.base64}"
    assert str(question).count(IMAGE.base64) == 1
    assert answer["content"][0]["text"] == "I look it up."
    assert (answer["reasoning"], answer["tokens"], answer["model"]) == ("Warm?", 18, "gpt-5")
    assert answer["tool_calls"][0]["function"]["name"] == "weather"
    assert (result["name"], result["tool_call_id"]) == ("weather", "call_1")
    assert result["content"] == '{"city": "Rome", "degrees": [25.5, null]}'
    assert messages[9]["content"] == "noon"

    client.chat.patch_message(session["id"], messages[-1]["id"], content="And in June?")
    assert history.load()[-1].parts[0].content == "And in June?"
    # The rest of a request is still a request.
    client.chat.delete_message(session["id"], messages[0]["id"])
    assert [part.part_kind for part in history.load()[0].parts] == ["user-prompt", "user-prompt"]
    client.chat.append_messages(
        session["id"],
        [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c", "name": "f", "content": "done"},
        ],
    )
    question, answer, result = history.load()[-3:]
    assert question.parts[0].content[0].data == PICTURE
    assert answer.parts == [TextPart("I look."), ToolCallPart("f", "{}", "c")]
    assert (result.parts[0].content, result.parts[0].tool_call_id) == ("done", "c")


def begin_anew_when_cleared(history):
    history.clear()
    assert history.load() == []
    history.save([ModelRequest.user_text_prompt("Again.")])
    assert len(history.load()) == 1


def look_up(messages, info: AgentInfo):
    """A model that asks for the weather, and then answers."""
    kinds = [part.part_kind for message in messages for part in message.parts]
    if kinds[-1] == "user-prompt" and "tool-return" not in kinds:
        return ModelResponse(
            parts=[ThinkingPart("Warm?"), ToolCallPart("weather", {"city": "Rome"})]
        )
    if "again" in str(messages[-1]):
        return ModelResponse(parts=[ToolCallPart("weather", {"city": "Roma"})])
    return ModelResponse(parts=[TextPart(f"Warm, after {len(messages)} messages.")])


def agent(model):
    guide = Agent(model, instructions="Be brief.", retries=2)

    @guide.tool_plain
    def weather(city: str) -> ToolReturn:
        if city == "Rome":
            raise ModelRetry("Say it in Italian again.")
        return ToolReturn("warm", content=["Look:", IMAGE], metadata={"degrees": 25.5})

    return guide


def keep_the_runs_of_an_agent(client):
    for model in (FunctionModel(look_up), TestModel(call_tools=[])):
        name = f"pydantic-{uuid4()}"
        told = []
        for turn in (["Where is this?", IMAGE], "Are you sure?"):
            history = GatewayzMessageHistory(client, name)
            result = agent(model).run_sync(turn, message_history=history.load())
            history.save(result)
            told += result.new_messages()
            assert history.load() == as_pydantic_reads_back(told)


async def keep_them_asynchronously(make_client):
    async with make_client() as client:
        history = new_history(client)
        for turn in ("Where is it warm?", "Are you sure?"):
            loaded = await history.aload()
            result = await agent(FunctionModel(look_up)).run(turn, message_history=loaded)
            await history.asave(result)
            assert await history.aload() == as_pydantic_reads_back(result.all_messages())
        await history.aclear()
        assert await history.aload() == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=5,
)
BINARY = st.builds(
    BinaryContent,
    st.binary(max_size=20),
    media_type=st.sampled_from(["image/png", "audio/wav", "a/b"]),
)
PROMPTS = TEXTS | st.lists(TEXTS | BINARY, max_size=3)
REQUESTS = st.builds(
    ModelRequest,
    parts=st.lists(
        st.builds(UserPromptPart, PROMPTS)
        | st.builds(SystemPromptPart, TEXTS)
        | st.builds(ToolReturnPart, TEXTS, JSON | BINARY, TEXTS),
        max_size=3,
    ),
    metadata=st.none() | st.dictionaries(TEXTS, JSON, max_size=2),
)
RESPONSES = st.builds(
    ModelResponse,
    parts=st.lists(
        st.builds(TextPart, TEXTS)
        | st.builds(ThinkingPart, TEXTS)
        | st.builds(FilePart, BINARY)
        | st.builds(ToolCallPart, TEXTS, TEXTS | st.dictionaries(TEXTS, JSON), TEXTS),
        max_size=3,
    ),
)


def keep_any_message(client):
    @a_few
    @given(st.lists(REQUESTS | RESPONSES, min_size=1, max_size=4))
    def check(messages):
        history = new_history(client)
        history.save(messages)
        assert history.load() == as_pydantic_reads_back(messages)

    check()


with Gatewayz(KEY, URL) as gatewayz:
    first = f"pydantic-{uuid4()}"
    filled = read_back_what_was_written(gatewayz, first)
    show_a_conversation_to_others(gatewayz, first, filled)
    begin_anew_when_cleared(filled)
    keep_the_runs_of_an_agent(gatewayz)
    keep_any_message(gatewayz)
asyncio.run(keep_them_asynchronously(lambda: AsyncGatewayz(KEY, URL)))
