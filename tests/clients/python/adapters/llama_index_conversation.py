"""Conversations by LlamaIndex; run by test_adapters.py where that is installed."""

import asyncio
import os
import tempfile
from base64 import b64decode, b64encode
from copy import deepcopy
from pathlib import Path
from uuid import uuid4

from examples import a_few
from gatewayz_client import AsyncGatewayz, Gatewayz
from gatewayz_client.llama_index import GatewayzChatStore
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import MockLLM
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.storage.chat_store import SimpleChatStore

KEY, URL = os.environ["GATEWAYZ_API_KEY"], os.environ["GATEWAYZ_URL"]
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlE"
    "QVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
EVERY_KIND = [
    ChatMessage("Be brief.", role="system"),
    ChatMessage("Be kind.", role="developer"),
    ChatMessage(
        role="user",
        blocks=[
            TextBlock(text="What is this?"),
            ImageBlock(image=b64decode(PIXEL), detail="low"),
            ImageBlock(url="https://example.com/rome.png"),
            AudioBlock(audio=b"RIFF0000WAVEfmt ", format="wav"),
            VideoBlock(url="https://example.com/rome.mp4", fps=3),
            DocumentBlock(data=b"%PDF-1.4", document_mimetype="application/pdf", title="Plan"),
            CachePoint(cache_control={"type": "ephemeral"}),
            CitableBlock(title="Rome", source="atlas", content="Rome is warm."),
        ],
        additional_kwargs={"key": [1, 2.5, None, {"a": "b"}]},
    ),
    ChatMessage(
        role="assistant",
        blocks=[
            ThinkingBlock(
                content="Warm?", num_tokens=2, additional_information={"signature": "gAAA"}
            ),
            TextBlock(text="I look it up."),
            CitationBlock(
                cited_content="Rome is warm.",
                source="atlas",
                title="Rome",
                additional_location_info={"page": 3},
            ),
            ToolCallBlock(
                tool_call_id="call_1", tool_name="weather", tool_kwargs={"city": "Rome"}
            ),
            ToolCallBlock(tool_name="broken", tool_kwargs="{"),
        ],
        additional_kwargs={"tool_calls": [CALL]},
    ),
    ChatMessage(
        "warm",
        role="tool",
        tool_call_id="call_1",
        additional_kwargs={
            "tool_call_id": "call_1",
            "name": "weather",
        },
    ),
    ChatMessage("42", role="function", additional_kwargs={"name": "count"}),
    ChatMessage("Hello.", role="chatbot"),
    ChatMessage("Hello.", role="model"),
    ChatMessage("", role="assistant"),
    ChatMessage(role="assistant", blocks=[]),
]


def key():
    return f"llama-{uuid4()}"


def read_back_what_was_written(store, one):
    assert store.get_messages(one) == []
    for message in EVERY_KIND[:3]:
        store.add_message(one, message)
    assert store.get_messages(one) == EVERY_KIND[:3]
    store.set_messages(one, EVERY_KIND)
    assert store.get_messages(one) == EVERY_KIND


def show_a_conversation_to_others(client, store, one):
    session = client.chat.list_sessions(external_id=one).data[0]
    messages = client.chat.list_messages(session["id"])
    assert [message["role"] for message in messages] == [
        *("system", "developer", "user", "assistant", "tool", "function"),
        *["assistant"] * 4,
    ]
    question, answer, result = messages[2:5]
    assert question["content"][0] == {"type": "text", "text": "What is this?"}
    picture = {"url": f"data:image/png;base64,{PIXEL}"}
    assert question["content"][1] == {"type": "image_url", "image_url": picture}
    assert str(question).count(PIXEL) == 1
    assert [call["function"]["name"] for call in answer["tool_calls"]] == [
        "weather",
        "broken",
        "f",
    ]
    assert answer["reasoning"] == "Warm?"
    assert (result["content"], result["tool_call_id"]) == ("warm", "call_1")

    client.chat.patch_message(session["id"], messages[0]["id"], content="Be long.")
    assert store.get_messages(one)[0] == ChatMessage("Be long.", role="system")
    client.chat.append_messages(
        session["id"],
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "image_url", "image_url": picture},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "done", "tool_call_id": "c"},
        ],
    )
    hello, call, result = store.get_messages(one)[-3:]
    assert hello.blocks == [TextBlock(text="Hi"), ImageBlock(image=b64decode(PIXEL))]
    assert call.blocks == [ToolCallBlock(tool_call_id="c", tool_name="f")]
    assert (result.content, result.additional_kwargs) == ("done", {"tool_call_id": "c"})


def take_a_file_along(store):
    one = key()
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        Path(file.name).write_bytes(b64decode(PIXEL))
        store.add_message(one, ChatMessage(role="user", blocks=[ImageBlock(path=file.name)]))
    (block,) = store.get_messages(one)[0].blocks
    assert block == ImageBlock(image=b64decode(PIXEL), image_mimetype="image/png")


def said(*words):
    return [ChatMessage(word, role="user") for word in words]


# Each is done by the simple store and by ours, which must answer the same.
OPERATIONS = [
    ("get_messages", []),
    ("delete_messages", []),
    ("delete_last_message", []),
    ("delete_message", [0]),
    ("add_message", [said("a")[0]]),
    ("delete_message", [1]),
    ("set_messages", [said("a", "b", "c", "d", "e")]),
    ("delete_message", [1]),
    ("delete_message", [4]),
    ("delete_message", [-2]),
    ("delete_last_message", []),
    ("set_messages", [said("a", "c", "x", "y")]),
    ("add_message", [said("z")[0]]),
    ("set_messages", [said("a", "c")]),
    ("set_messages", [said("q", "c")]),
    ("set_messages", [said("q", "c", "r")]),
    ("set_messages", [[]]),
    ("get_messages", []),
    ("add_message", [said("a")[0]]),
    ("delete_messages", []),
    ("delete_messages", []),
    ("add_message", [said("b")[0]]),
]
ASYNCHRONOUS = {"add_message": "async_add_message"}


def do_what_the_simple_store_does(store):
    one, simple = key(), SimpleChatStore()
    # The simple store keeps the lists that it is given, and changes them.
    for name, arguments in deepcopy(OPERATIONS):
        expected = getattr(simple, name)(one, *arguments)
        assert getattr(store, name)(one, *arguments) == expected, (name, arguments)
        assert store.get_messages(one) == simple.get_messages(one), (name, arguments)


async def do_it_asynchronously(store):
    one, simple = key(), SimpleChatStore()
    for name, arguments in deepcopy(OPERATIONS):
        expected = getattr(simple, name)(one, *arguments)
        operation = getattr(store, ASYNCHRONOUS.get(name, f"a{name}"))
        assert await operation(one, *arguments) == expected, (name, arguments)
        assert await store.aget_messages(one) == simple.get_messages(one), (name, arguments)
    assert one in await store.aget_keys()


def list_the_keys(client):
    store = GatewayzChatStore(client, end_user_id=str(uuid4()))
    keys = [key() for _ in range(3)]
    for one in keys:
        store.add_message(one, ChatMessage("Hi"))
    store.delete_messages(keys[0])
    assert sorted(store.get_keys()) == sorted(keys[1:])


def remember_a_conversation(store):
    one = key()

    def engine():
        memory = ChatMemoryBuffer.from_defaults(chat_store=store, chat_store_key=one)
        return SimpleChatEngine.from_defaults(llm=MockLLM(), memory=memory)

    engine().chat("Where is it warm?")
    engine().chat("And in May?")
    words = [message.content for message in store.get_messages(one)]
    assert words[0] == "Where is it warm?"
    # This model repeats all that it is told.
    assert all(word in words[3] for word in words[:3])
    engine().reset()
    assert store.get_messages(one) == []


def weather(city: str = "Rome") -> str:
    """The weather of a city."""
    return f"warm in {city}"


async def remember_an_agent_with_tools_and_pictures(store):
    one = key()
    shown = ChatMessage(
        role="user",
        blocks=[TextBlock(text="Where is this?"), ImageBlock(image=b64decode(PIXEL))],
    )
    # This model calls every tool, and then answers.
    agent = FunctionAgent(tools=[weather], llm=MockFunctionCallingLLM())
    memory = ChatMemoryBuffer.from_defaults(chat_store=store, chat_store_key=one)
    await agent.run(shown, memory=memory)
    question, call, result, answer = store.get_messages(one)
    assert question.blocks == shown.blocks
    assert [block.tool_name for block in call.blocks if block.block_type == "tool_call"] == [
        "weather"
    ]
    assert (result.role, result.content) == ("tool", "warm in Rome")
    assert answer.role == "assistant"


def see_old_or_new_messages_never_fewer(client, store):
    """A session keeps its id, and what stays the same its messages."""
    one = key()
    store.set_messages(one, said("a", "b"))
    session = client.chat.list_sessions(external_id=one).data[0]
    before = client.chat.list_messages(session["id"])
    store.set_messages(one, said("a", "c", "d"))
    after = client.chat.list_messages(session["id"], branches="all")
    assert [message["content"] for message in after] == ["a", "c", "d"]
    assert before[0]["id"] == after[0]["id"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=5,
)
DATA = st.binary(min_size=1, max_size=20).map(b64encode)
BLOCKS = st.one_of(
    st.builds(TextBlock, text=TEXTS),
    st.builds(ImageBlock, image=DATA, image_mimetype=TEXTS | st.none(), detail=TEXTS | st.none()),
    st.builds(AudioBlock, audio=DATA, format=TEXTS | st.none()),
    st.builds(DocumentBlock, data=DATA, title=TEXTS, document_mimetype=TEXTS | st.none()),
    st.builds(ThinkingBlock, content=TEXTS | st.none()),
    st.builds(
        ToolCallBlock,
        tool_call_id=TEXTS | st.none(),
        tool_name=TEXTS,
        tool_kwargs=TEXTS | st.dictionaries(TEXTS, JSON, max_size=2),
    ),
)
MESSAGES = st.builds(
    ChatMessage,
    role=st.sampled_from(["user", "assistant", "tool", "chatbot"]),
    blocks=st.lists(BLOCKS, max_size=3),
    additional_kwargs=st.dictionaries(TEXTS, JSON, max_size=2),
)


def keep_any_message(store):
    @a_few
    @given(st.lists(MESSAGES, min_size=1, max_size=4))
    def check(messages):
        one = key()
        store.set_messages(one, messages)
        assert store.get_messages(one) == messages

    check()


async def converse_asynchronously():
    async with AsyncGatewayz(KEY, URL) as client:
        await do_it_asynchronously(GatewayzChatStore(client))
    with Gatewayz(KEY, URL) as client:
        await do_it_asynchronously(GatewayzChatStore(client))
        await remember_an_agent_with_tools_and_pictures(GatewayzChatStore(client))


with Gatewayz(KEY, URL) as gatewayz:
    gatewayz_store = GatewayzChatStore(gatewayz)
    first = key()
    read_back_what_was_written(gatewayz_store, first)
    show_a_conversation_to_others(gatewayz, gatewayz_store, first)
    take_a_file_along(gatewayz_store)
    do_what_the_simple_store_does(gatewayz_store)
    list_the_keys(gatewayz)
    remember_a_conversation(gatewayz_store)
    see_old_or_new_messages_never_fewer(gatewayz, gatewayz_store)
    keep_any_message(gatewayz_store)
asyncio.run(converse_asynchronously())
