"""Conversations by LangChain; run by test_adapters.py where that is installed."""

import asyncio
import os
from uuid import uuid4

from examples import a_few
from gatewayz_client import AsyncGatewayz, Gatewayz, GatewayzError
from gatewayz_client.langchain import GatewayzChatMessageHistory
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory

KEY, URL = os.environ["GATEWAYZ_API_KEY"], os.environ["GATEWAYZ_URL"]
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlE"
    "QVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CALL = {
    "name": "weather",
    "args": {"city": "Rome", "days": 3},
    "id": "call_1",
    "type": "tool_call",
}
USAGE = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
EVERY_KIND = [
    SystemMessage("Be brief.", additional_kwargs={"__openai_role__": "developer"}),
    HumanMessage(
        [
            "What is this?",
            {"type": "text", "text": "And this?", "index": 0},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            {"type": "image", "base64": PIXEL, "mime_type": "image/png", "id": "image_1"},
            {"type": "image", "url": "https://example.com/rome.png"},
            {"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"},
            {"type": "file", "base64": "JVBERi0=", "mime_type": "application/pdf"},
            {"type": "image", "source_type": "base64", "data": PIXEL, "mime_type": "image/png"},
            {"type": "image", "source": {"type": "base64", "data": PIXEL}},
        ],
        name="ada",
        id="human_1",
    ),
    AIMessage(
        [
            {
                "type": "reasoning",
                "reasoning": "They ask about Rome.",
                "extras": {"signature": "s"},
            },
            {"type": "thinking", "thinking": "Warm?", "signature": "gAAA"},
            {"type": "text", "text": "I look it up.", "annotations": [{"type": "citation"}]},
            {"type": "tool_call", "id": "call_1", "name": "weather", "args": {"city": "Rome"}},
        ],
        id="ai_1",
        tool_calls=[CALL],
        invalid_tool_calls=[
            {"name": "broken", "args": "{", "id": "call_2", "error": "no JSON"},
        ],
        usage_metadata={**USAGE, "output_token_details": {"reasoning": 3}},
        response_metadata={"model_name": "gpt-5", "finish_reason": "tool_calls", "logprobs": None},
        additional_kwargs={"reasoning_content": "They ask about Rome.", "refusal": None},
    ),
    ToolMessage(
        "warm", tool_call_id="call_1", name="weather", artifact={"degrees": 25.5}, status="success"
    ),
    ToolMessage([{"type": "text", "text": "no"}], tool_call_id="call_2", status="error"),
    FunctionMessage("42", name="count"),
    ChatMessage("Hello.", role="critic"),
    AIMessageChunk("It is ", id="chunk_1", chunk_position="last"),
    AIMessage(""),
    HumanMessage([{"type": "image", "text": None}]),
]


def new_history(client):
    return GatewayzChatMessageHistory(client, f"langchain-{uuid4()}")


def read_back_what_was_written(client, name):
    history = GatewayzChatMessageHistory(client, name, title="Holidays", end_user_id="ada")
    assert history.messages == []
    history.add_messages(EVERY_KIND)
    assert history.messages == EVERY_KIND
    assert [type(message) for message in history.messages] == [type(m) for m in EVERY_KIND]
    history.add_user_message("And tomorrow?")
    assert history.messages[-1] == HumanMessage("And tomorrow?")
    return history


def show_a_conversation_to_others(client, name):
    session = client.chat.list_sessions(external_id=name).data[0]
    assert (session["title"], session["end_user_id"]) == ("Holidays", "ada")
    assert session["model"] == "gpt-5"
    messages = client.chat.list_messages(session["id"])
    assert [message["role"] for message in messages] == [
        *("system", "user", "assistant", "tool", "tool", "function", "user", "assistant"),
        *("assistant", "user", "user"),
    ]
    question, answer, result = messages[1:4]
    assert question["content"][0] == {"type": "text", "text": "What is this?"}
    picture = {"url": f"data:image/png;base64,{PIXEL}"}
    assert question["content"][3] == {"type": "image_url", "image_url": picture}
    # No picture is kept twice.
    assert str(question).count(PIXEL) == 4
    assert answer["tool_calls"][0]["function"]["name"] == "weather"
    assert (answer["tokens"], answer["reasoning"]) == (18, "They ask about Rome.")
    assert (result["content"], result["tool_call_id"]) == ("warm", "call_1")
    assert client.chat.search_chats("look it up").count >= 1
    return session


def see_what_others_change(client, history, session):
    messages = client.chat.list_messages(session["id"])
    client.chat.patch_message(session["id"], messages[-1]["id"], content="And on Monday?")
    assert history.messages[-1] == HumanMessage("And on Monday?")
    client.chat.append_messages(
        session["id"],
        [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "content": "done", "tool_call_id": "c"},
            {"role": "developer", "content": "Be kind."},
        ],
    )
    hello, call, result, order = history.messages[-4:]
    assert hello == HumanMessage([{"type": "text", "text": "Hi"}])
    assert call.tool_calls == [{"name": "f", "args": {}, "id": "c", "type": "tool_call"}]
    assert result == ToolMessage("done", tool_call_id="c")
    assert isinstance(order, SystemMessage)


def begin_anew_when_cleared(history):
    history.clear()
    assert history.messages == []
    history.clear()
    history.add_messages([HumanMessage("Again.")])
    assert history.messages == [HumanMessage("Again.")]


def replace_a_message_with_the_same_id(client):
    history = new_history(client)
    history.add_messages([HumanMessage("One", id="1"), AIMessage("Two", id="2")])
    history.add_messages([AIMessage("Three", id="2")])
    assert history.messages == [HumanMessage("One", id="1"), AIMessage("Three", id="2")]


def write_many(client):
    history = new_history(client)
    many = [HumanMessage(str(number)) for number in range(1201)]
    history.add_messages(many)
    assert history.messages == many


def write_more_than_a_request_may_hold(client):
    history = new_history(client)
    large = [HumanMessage("x" * 3_000_000) for _ in range(5)]
    history.add_messages(large)
    assert history.messages == large


def keep_people_apart(client):
    name = f"langchain-{uuid4()}"
    GatewayzChatMessageHistory(client, name, end_user_id="ada").add_user_message("Mine")
    eve = GatewayzChatMessageHistory(client, name, end_user_id="eve")
    assert eve.messages == []
    try:
        eve.add_user_message("Mine too")
    except GatewayzError:
        return
    raise AssertionError("Eve wrote into a session of Ada.")


def chain(client, answers):
    prompt = ChatPromptTemplate.from_messages(
        [MessagesPlaceholder("history"), MessagesPlaceholder("asked")]
    )
    return RunnableWithMessageHistory(
        prompt | GenericFakeChatModel(messages=iter(answers)),
        lambda session_id: GatewayzChatMessageHistory(client, session_id),
        input_messages_key="asked",
        history_messages_key="history",
    )


SHOWN = [
    {"type": "text", "text": "Where?"},
    {"type": "image", "base64": PIXEL, "mime_type": "image/png"},
]
TURNS = [{"asked": [HumanMessage("How?")]}, {"asked": [HumanMessage(SHOWN)]}]


def expect_two_turns(messages):
    assert [message.content for message in messages] == ["How?", "So.", SHOWN, ""]
    assert messages[3].tool_calls == [CALL]


def keep_the_turns_of_a_chain(client):
    name = f"langchain-{uuid4()}"
    config = {"configurable": {"session_id": name}}
    keeper = chain(client, [AIMessage("So."), AIMessage("", tool_calls=[CALL])])
    _, answer = [keeper.invoke(turn, config) for turn in TURNS]
    messages = GatewayzChatMessageHistory(client, name).messages
    expect_two_turns(messages)
    assert messages[3] == answer


async def keep_the_turns_of_an_asynchronous_chain(make_client):
    name = f"langchain-{uuid4()}"
    config = {"configurable": {"session_id": name}}
    async with make_client() as client:
        keeper = chain(client, [AIMessage("So."), AIMessage("", tool_calls=[CALL])])
        for turn in TURNS:
            await keeper.ainvoke(turn, config)
        history = GatewayzChatMessageHistory(client, name)
        expect_two_turns(await history.aget_messages())
        await history.aadd_messages(EVERY_KIND)
        assert (await history.aget_messages())[4:] == EVERY_KIND
        await history.aclear()
        assert await history.aget_messages() == []
        try:
            history.add_user_message("Hi")
        except TypeError as error:
            reason = str(error)
        assert "AsyncGatewayz" in reason
        # In a thread, by the synchronous client.
        with Gatewayz(KEY, URL) as synchronous:
            history = new_history(synchronous)
            await history.aadd_messages(EVERY_KIND)
            assert await history.aget_messages() == EVERY_KIND


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=5,
)
BLOCKS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image", "file", "audio", "image_url", "x"])},
    optional={"text": JSON, "base64": JSON, "url": JSON, "mime_type": TEXTS, "image_url": JSON},
)
CONTENTS = TEXTS | st.lists(TEXTS | BLOCKS, max_size=3)
CALLS = st.builds(
    lambda name, args, call_id: {"name": name, "args": args, "id": call_id, "type": "tool_call"},
    TEXTS,
    st.dictionaries(TEXTS, JSON, max_size=2),
    TEXTS | st.none(),
)
MORE = st.dictionaries(TEXTS, JSON, max_size=2)
MESSAGES = st.one_of(
    st.builds(HumanMessage, content=CONTENTS, additional_kwargs=MORE, name=TEXTS | st.none()),
    st.builds(
        AIMessage, content=CONTENTS, tool_calls=st.lists(CALLS, max_size=2), response_metadata=MORE
    ),
    st.builds(ToolMessage, content=CONTENTS, tool_call_id=TEXTS, artifact=JSON),
)


def keep_any_message(client):
    @a_few
    @given(st.lists(MESSAGES, min_size=1, max_size=4))
    def check(messages):
        history = new_history(client)
        history.add_messages(messages)
        assert history.messages == messages

    check()


with Gatewayz(KEY, URL) as gatewayz:
    name = f"langchain-{uuid4()}"
    history = read_back_what_was_written(gatewayz, name)
    session = show_a_conversation_to_others(gatewayz, name)
    see_what_others_change(gatewayz, history, session)
    begin_anew_when_cleared(history)
    replace_a_message_with_the_same_id(gatewayz)
    write_many(gatewayz)
    write_more_than_a_request_may_hold(gatewayz)
    keep_people_apart(gatewayz)
    keep_the_turns_of_a_chain(gatewayz)
    keep_any_message(gatewayz)
asyncio.run(keep_the_turns_of_an_asynchronous_chain(lambda: AsyncGatewayz(KEY, URL)))
