"""POST /v1/chat/import takes the exports of other products."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chat.models import ChatMessage, ChatSession
from tests.chat.transfer import foreign_files as files
from tests.problems import assert_problem

PATH = "/v1/chat/import"
SECOND = ["hi", "second try"]

PRODUCTS = {
    "chatgpt": files.chatgpt,
    "claude": files.claude,
    "open_webui": files.open_webui,
    "librechat": files.librechat,
}
TREES = {**PRODUCTS, "librechat recursive": files.librechat_recursive}


def send(api, body, content_type="application/json"):
    return api.post(PATH, body, content_type=content_type)


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


def read(api, session_id, **query):
    return api.get(f"/v1/chat/sessions/{session_id}", query).json()["data"]


def text_of(message):
    content = message["content"]
    return content if isinstance(content, str) else content[0]["text"]


def imported(api, document):
    answer = api.post_json(PATH, document)
    assert answer.status_code == 201, answer.content
    return read(api, answer.json()["data"]["id"], branches="all")


@pytest.mark.parametrize("name", TREES)
def test_a_conversation_comes_with_its_branches_and_shows_the_same(api, name):
    answer = api.post_json(PATH, TREES[name]())

    assert answer.status_code == 201, answer.content
    assert answer.json()["format"] == name.partition(" ")[0]
    session_id = answer.json()["data"]["id"]
    assert [text_of(one) for one in read(api, session_id)["messages"]] == SECOND
    everything = read(api, session_id, branches="all")["messages"]
    question, *answers = everything
    assert [text_of(one) for one in everything] == ["hi", "first try", "second try"]
    assert [one["role"] for one in everything] == ["user", "assistant", "assistant"]
    assert question["parent_id"] is None
    assert {one["parent_id"] for one in answers} == {question["id"]}


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("form", ["list", "lines", "zip", "form", "list in an object"])
def test_the_same_file_twice_makes_nothing_twice(api, name, form):
    bad = {**PRODUCTS[name](), "title": ["no", "title"], "name": 7, "conversationId": 1}
    text = json.dumps([bad, PRODUCTS[name]()])
    body, kind = {
        "list": (text, "application/json"),
        "lines": (
            "\n".join(map(json.dumps, [bad, PRODUCTS[name]()])),
            "application/x-ndjson",
        ),
        "zip": (zipped(conversations__json=text, user__json="{}"), "application/zip"),
        "form": (None, None),
        "list in an object": (json.dumps({"conversations": json.loads(text)}), "application/json"),
    }[form]

    def again():
        if form != "form":
            return send(api, body, kind)
        return api.post(PATH, {"file": SimpleUploadedFile("../../x.json", text.encode())})

    first, second = again(), again()

    assert (first.status_code, second.status_code) == (201, 200), first.content
    reports = [answer.json()["data"] for answer in (first, second)]
    assert [(one["imported"], one["existing"], one["failed"]) for one in reports] == [
        (1, 0, 1),
        (0, 1, 1),
    ]
    assert first.json()["format"] == name
    assert "0]" in (place := reports[0]["errors"][0]["place"]) or "line 1" in place
    assert reports[0]["sessions"] == reports[1]["sessions"]
    assert ChatSession.objects.count() == 1
    assert ChatMessage.objects.count() == 3


def test_times_marks_and_names_of_chatgpt_survive(api):
    session = imported(api, files.chatgpt())

    assert {name: session[name] for name in ("title", "model", "external_id", "metadata")} == {
        "title": "Tree",
        "model": "gpt-4o",
        "external_id": "chatgpt-1",
        "metadata": {"gizmo_id": "g-1"},
    }
    assert session["is_pinned"]
    assert session["is_archived"]
    assert session["created_at"] == "2023-11-14T22:13:20.500000Z"
    assert session["updated_at"] == "2023-11-14T22:15:00.500000Z"
    question, first, second = session["messages"]
    assert question["created_at"] == "2023-11-14T22:13:21.250000Z"
    assert first["created_at"] == question["created_at"]
    assert second["model"] == "gpt-4o"
    assert [one["client_id"] for one in session["messages"]] == ["q", "first", "second"]


def test_times_marks_and_names_of_open_webui_survive(api):
    session = imported(api, files.open_webui())

    kept = ("model", "external_id", "folder", "tags", "is_pinned", "is_archived", "created_at")
    assert {name: session[name] for name in kept} == {
        "model": "llama3",
        "external_id": "owui-1",
        "folder": "work",
        "tags": ["travel"],
        "is_pinned": True,
        "is_archived": True,
        "created_at": "2023-11-14T22:13:20Z",
    }
    assert session["updated_at"] == "2023-11-14T22:15:00Z"


def test_a_chat_of_open_webui_may_be_a_list_without_a_wrapper(api):
    chat = files.open_webui()["chat"]
    del chat["history"]

    session = imported(api, {"chat": chat})

    assert session["created_at"] == "2023-11-14T22:13:20.123000Z"
    assert [one["content"] for one in session["messages"]] == SECOND


def test_images_citations_and_the_code_interpreter_of_chatgpt_are_kept(api):
    image = {
        "content_type": "image_asset_pointer",
        "asset_pointer": "file-service://file-1",
        "width": 10,
        "height": 1.10,
    }
    citation = {"citations": [{"metadata": {"title": "Oslo", "url": "https://oslo.example"}}]}
    chain = [
        files.chatgpt_message(
            "user",
            "",
            1700000001,
            content={"content_type": "multimodal_text", "parts": [image, "What is it?"]},
        ),
        files.chatgpt_message(
            "assistant",
            "",
            content={"content_type": "code", "text": "print(1)"},
            recipient="python",
        ),
        files.chatgpt_message(
            "tool",
            "",
            author={"role": "tool", "name": "python"},
            content={"content_type": "execution_output", "text": "1"},
        ),
        files.chatgpt_message(
            "assistant",
            "",
            content={
                "content_type": "thoughts",
                "thoughts": [{"summary": "Hm", "content": "It is Oslo"}],
            },
        ),
        files.chatgpt_message("assistant", "Oslo", metadata=citation),
        files.chatgpt_message(
            "user",
            "",
            content={"content_type": "user_editable_context", "user_profile": "I am Ada"},
            metadata={"is_visually_hidden_from_conversation": True},
        ),
    ]
    names = [str(number) for number in range(len(chain))]
    mapping = {
        name: files.node(name, str(number - 1) if number else None, one, str(number + 1))
        for number, (name, one) in enumerate(zip(names, chain, strict=True))
    }
    mapping[names[-1]]["children"] = []

    session = imported(api, files.chatgpt(mapping=mapping, current_node=names[-1]))

    seen, call, result, thought, said, hidden = session["messages"]
    assert seen["content"][0]["image_url"] == {"url": "file-service://file-1"}
    assert seen["content"][1] == {"type": "text", "text": "What is it?"}
    assert call["tool_calls"][0]["function"] == {"name": "python", "arguments": "print(1)"}
    assert (result["role"], result["content"], result["name"]) == ("tool", "1", "python")
    assert result["tool_call_id"] == call["tool_calls"][0]["id"]
    assert "It is Oslo" in thought["reasoning"]
    assert said["metadata"] == citation
    assert hidden["role"] == "system"
    assert hidden["content"][0]["user_profile"] == "I am Ada"


def test_attachments_blocks_and_reasoning_of_claude_are_kept(api):
    blocks = [
        {"type": "thinking", "thinking": "Let me see"},
        {"type": "tool_use", "name": "web_search", "input": {"query": "Oslo"}},
        {"type": "tool_result", "name": "web_search", "content": [{"type": "text", "text": "x"}]},
        {"type": "text", "text": "Oslo", "citations": [{"url": "https://oslo.example"}]},
    ]
    attachment = {"file_name": "a.txt", "file_size": 3, "extracted_content": "abc"}
    said = [
        files.claude_message(
            "q", "human", "read", attachments=[attachment], files=[{"file_name": "b"}]
        ),
        files.claude_message("a", "assistant", "", content=blocks),
        {"uuid": "t", "sender": "human", "text": "only text", "created_at": None},
    ]

    session = imported(api, files.claude(chat_messages=said))

    question, answer, plain = session["messages"]
    assert question["content"][1:] == [
        {"type": "attachment", "file_name": "a.txt", "file_size": 3, "text": "abc"},
        {"type": "file", "file_name": "b"},
    ]
    assert answer["content"] == blocks
    assert answer["reasoning"] == "Let me see"
    assert (plain["content"], plain["parent_id"]) == ("only text", answer["id"])
    assert question["created_at"] == "2025-01-01T00:00:00.123456Z"


def test_parts_tokens_and_states_of_librechat_are_kept(api):
    parts = [
        {"type": "think", "think": "Let me see"},
        {"type": "text", "text": "Oslo"},
        {"type": "tool_call", "tool_call": {"id": "1", "name": "search", "args": "{}"}},
    ]
    said = [
        files.librechat_message("q", files.LIBRECHAT_ROOT, "hi", isCreatedByUser=True),
        files.librechat_message("a", "q", "", content=parts, tokenCount=7, unfinished=True),
    ]

    session = imported(api, files.librechat(messages=said, isArchived=True, tags=["a"]))

    _, answer = session["messages"]
    assert answer["content"] == parts
    assert (answer["reasoning"], answer["tokens"], answer["status"]) == (
        "Let me see",
        7,
        "incomplete",
    )
    assert session["is_archived"]
    assert session["tags"] == ["a"]
    assert session["updated_at"] == "2024-05-01T10:00:00Z"


def test_instructions_of_anthropic_become_the_first_message(api):
    said = [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}],
        },
    ]
    body = {"model": "claude-x", "max_tokens": 5, "system": "Be brief", "messages": said}

    answer = api.post_json(PATH, body)

    assert answer.json()["format"] == "anthropic"
    session = read(api, answer.json()["data"]["id"])
    assert [one["content"] for one in session["messages"]] == [
        "Be brief",
        *(one["content"] for one in said),
    ]
    assert (session["model"], session["max_tokens"]) == ("claude-x", 5)


def test_a_bare_list_of_messages_is_a_conversation_of_openai(api):
    answer = api.post_json(
        PATH, [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    )

    assert answer.json()["format"] == "openai"
    (session_id,) = answer.json()["data"]["sessions"]
    assert len(read(api, session_id)["messages"]) == 2


@pytest.mark.parametrize(
    ("time", "kept"),
    [
        (1683000000, "2023-05-02T04:00:00Z"),
        (1683000000.123, "2023-05-02T04:00:00.123000Z"),
        (1683000000123, "2023-05-02T04:00:00.123000Z"),
        ("2023-05-02T06:00:00+02:00", "2023-05-02T04:00:00Z"),
    ],
)
def test_times_may_be_seconds_milliseconds_or_iso(api, time, kept):
    body = {"messages": [{"role": "user", "content": "x", "created_at": time}]}

    session = imported(api, body)

    assert session["messages"][0]["created_at"] == kept
    assert (session["created_at"], session["updated_at"]) == (kept, kept)


def test_fields_that_cannot_be_kept_are_reported_as_dropped(api):
    report = api.post_json(PATH, [files.chatgpt(huge="x" * 20_000)]).json()["data"]

    assert report["dropped"] == ["gizmo_id", "huge"]


@pytest.mark.parametrize(
    "body", ['"AAA"', "7", "[]", "[1]", '[{"a": 1}]', "[[]]", '{"conversations": [{}]}']
)
def test_a_file_without_conversations_is_an_error(api, body):
    assert_problem(send(api, body), 400, "validation_error")


def test_an_unknown_kind_of_body_is_an_error(api):
    assert_problem(send(api, "x", "text/csv"), 415, "unsupported_media_type")
