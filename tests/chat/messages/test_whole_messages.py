"""Messages come back as clients gave them, by every way in and out."""

import json

import pytest

from chat.models import ChatMessage, ChatSession

CALLS = [
    {
        "id": "call_1",
        "type": "function",
        "function": {"name": "sqrt", "arguments": '{"x": 101}'},
    }
]
OPENAI = [
    {"role": "system", "content": "Be brief", "name": "rules"},
    {"role": "developer", "content": [{"type": "text", "text": "Answer in French"}]},
    {"role": "user", "content": "Root of 101?", "name": "ann"},
    {"role": "assistant", "content": None, "tool_calls": CALLS},
    {"role": "assistant", "tool_calls": CALLS},
    {"role": "assistant", "content": "", "tool_calls": CALLS, "finish_reason": "tool_calls"},
    {"role": "tool", "tool_call_id": "call_1", "content": "10.05"},
    {"role": "function", "name": "sqrt", "content": "10.05"},
    {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
    {"role": "assistant", "content": None, "refusal": "I cannot help with that."},
    {
        "role": "assistant",
        "content": "About 10.05",
        "annotations": [{"type": "url_citation", "url_citation": {"url": "https://a.example"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 0}},
        "finish_reason": "stop",
        "logprobs": None,
    },
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {
                "type": "image_url",
                "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"},
            },
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        ],
    },
]
ANTHROPIC = [
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "So…", "signature": "sig"},
            {"type": "text", "text": "Let me look.", "citations": [{"type": "char_location"}]},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 0},
    },
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "toolu_1",
                "content": [{"type": "text", "text": "12 degrees"}],
                "is_error": False,
            }
        ],
    },
    {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]},
]
GEMINI = [
    {"role": "user", "parts": [{"text": "Weather?"}, {"inlineData": {"mimeType": "image/png"}}]},
    {
        "role": "assistant",
        "parts": [
            {"functionCall": {"name": "w", "args": {"b": 1, "a": 2.50}}, "thoughtSignature": "s"}
        ],
        "groundingMetadata": {"webSearchQueries": []},
    },
    {"role": "function", "parts": [{"functionResponse": {"name": "w", "response": {"c": None}}}]},
]
AI_SDK = [
    {
        "id": "msg_1",
        "role": "user",
        "parts": [{"type": "text", "text": "hi"}, {"type": "file", "mediaType": "image/png"}],
        "metadata": {"z": 1, "a": {"b": 2}},
    },
    {
        "id": "msg_2",
        "role": "assistant",
        "parts": [
            {"type": "step-start"},
            {"type": "reasoning", "text": "hm", "state": "done"},
            {"type": "tool-weather", "toolCallId": "c", "state": "output-available", "input": {}},
            {"type": "text", "text": "12°", "state": "done"},
        ],
        "createdAt": "2026-01-01T00:00:00.000Z",
    },
]
MORE = [
    # OpenAI
    {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]},
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    {"role": "assistant", "content": None, "audio": {"id": "audio_1", "expires_at": 1729018505}},
    {"role": "assistant", "content": "x", "reasoning_content": "So", "reasoning_details": [{}]},
    {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "7"}]},
    {"role": "assistant", "content": [{"type": "output_text", "text": "a", "annotations": []}]},
    # Anthropic
    {
        "role": "assistant",
        "content": [
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        ],
        "container": None,
    },
    {
        "role": "user",
        "content": [
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
                "citations": {"enabled": True},
            }
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": "late"}
        ],
    },
    {"role": "assistant", "content": [], "stop_reason": "refusal"},
    # Gemini
    {
        "role": "assistant",
        "parts": [
            {"text": "Hm", "thought": True},
            {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
        ],
    },
    {"role": "user", "parts": [{"fileData": {"mimeType": "video/mp4", "fileUri": "gs://a/b"}}]},
    {
        "role": "assistant",
        "parts": [{"text": "a"}],
        "finishReason": "MAX_TOKENS",
        "safetyRatings": [{"category": "C", "probability": "LOW", "score": 0.10}],
        "avgLogprobs": -1.0e-5,
    },
    {"role": "user", "parts": []},
    # AI SDK
    {
        "id": "msg_3",
        "role": "assistant",
        "parts": [
            {"type": "tool-x", "toolCallId": "c", "state": "output-error", "errorText": "no"},
            {
                "type": "dynamic-tool",
                "toolName": "y",
                "toolCallId": "d",
                "state": "input-streaming",
            },
            {"type": "source-url", "sourceId": "s", "url": "https://a.example", "title": None},
            {"type": "data-weather", "id": "w", "data": {"b": 1, "a": [None, True, 1e16]}},
        ],
    },
    {
        "id": "msg_4",
        "role": "assistant",
        "content": "12°",
        "toolInvocations": [{"state": "result", "toolCallId": "c", "args": {}, "result": 12}],
        "experimental_attachments": [{"name": "a.png", "contentType": "image/png", "url": "x"}],
    },
    {"id": "msg_5", "role": "user", "parts": [{"type": "text", "text": ""}], "metadata": None},
    {
        "id": "msg_6",
        "role": "assistant",
        "parts": [{"type": "text", "text": "a", "providerMetadata": {"openai": {"itemId": "i"}}}],
    },
    {
        "id": "msg_7",
        "role": "user",
        "parts": [{"type": "file", "url": "data:text/plain;base64,AA==", "filename": "é.txt"}],
    },
    {"id": "msg_8", "role": "system", "content": "", "parts": [], "data": {"b": {}, "a": []}},
    {"role": "user", "content": "\n  kept as it is \t\u2028 👩‍👩‍👧"},
]
ALL = OPENAI + ANTHROPIC + GEMINI + AI_SDK + MORE
# The fields that differ between a message and its copy.
OWN = {"id", "session_id", "parent_id", "position", "created_at"}


def messages_of(api, session_id):
    return api.get(f"/v1/chat/sessions/{session_id}").json()["data"]["messages"]


def without_own(messages):
    return [{n: v for n, v in message.items() if n not in OWN} for message in messages]


def assert_holds(message, given):
    for name, value in given.items():
        kept = message["client_id" if name == "id" else name]
        assert json.dumps(kept) == json.dumps(value), name


@pytest.mark.parametrize("given", ALL, ids=lambda given: "-".join(given)[:60])
def test_a_message_comes_back_complete(api, session, given):
    response = api.post_json(f"/v1/chat/sessions/{session.pk}/messages", given)

    assert response.status_code == 201, response.content
    assert "ignored_fields" not in response.json()
    assert_holds(response.json()["data"], given)
    (kept,) = messages_of(api, session.pk)
    assert kept == response.json()["data"]


def test_batch_export_import_fork_and_share_lose_nothing(api, session):
    path = f"/v1/chat/sessions/{session.pk}"
    saved = api.post_json(f"{path}/messages/batch", {"messages": ALL}).json()["data"]["saved"]
    for one, given in zip(saved, ALL, strict=True):
        assert_holds(one["data"], given)
    kept = messages_of(api, session.pk)
    assert kept == [one["data"] for one in saved]

    exported = api.get(f"{path}/export").getvalue()
    imported = api.post("/v1/chat/import", exported, content_type="application/json")
    fork = api.post_json(f"{path}/fork", {})
    token = api.post_json("/v1/chat/share", {"session_id": session.pk}).json()["data"]["token"]

    assert imported.status_code == 201, imported.content
    again = api.get(f"/v1/chat/sessions/{imported.json()['data']['id']}/export").getvalue()
    assert again == exported
    for copy in (imported, fork):
        assert without_own(messages_of(api, copy.json()["data"]["id"])) == without_own(kept)
    openai = json.loads(api.get(f"{path}/export", {"format": "openai"}).getvalue())["messages"]
    shared = api.get(f"/v1/chat/share/{token}").json()["data"]["messages"]
    public = [given for given in ALL if given["role"] not in ("system", "developer")]
    for found, givens in ((openai, ALL), (shared, public)):
        for one, given in zip(found, givens, strict=True):
            assert_holds(one, {n: v for n, v in given.items() if n not in ("id", "metadata")})


def test_forty_messages_of_every_provider_are_equal_after_an_export_and_an_import(api, session):
    path = f"/v1/chat/sessions/{session.pk}"
    assert len(ALL) >= 40
    for given in ALL:
        assert api.post_json(f"{path}/messages", given).status_code == 201

    exported = b"".join(api.get(f"{path}/export").streaming_content)
    imported = api.generic("POST", "/v1/chat/import", exported, "application/json").json()["data"]

    first, again = (messages_of(api, number) for number in (session.pk, imported["id"]))
    for message, given in zip(first, ALL, strict=True):
        assert_holds(message, given)
    assert json.dumps(without_own(first)) == json.dumps(without_own(again))
    times = [[message["created_at"] for message in messages] for messages in (first, again)]
    assert times[0] == times[1]


def test_an_old_row_is_read_unchanged(api, session):
    parts = [{"type": "text", "text": "Look"}]
    ChatMessage.objects.create(
        session=session, role="user", content="Look", content_parts=parts, metadata={"a": 1}
    )

    (message,) = messages_of(api, session.pk)

    assert (message["content"], message["metadata"]) == (parts, {"a": 1})


NUMBERS = [
    *('{"z":1,"a":2,"bb":3}', '{"x":1.0}', '{"x":1e2}', '{"x":1e16}', '{"x":1e300}'),
    *('{"x":1e-300}', '{"x":5e-324}', '{"x":-0.0}', '{"x":12345678901234567890123}'),
    *('{"x":0.1234567890123456789}', '{"x":1.10}', '{"x":1E+2}', '{"x":1e400}', '{"":1}'),
    *('{"x":-0}', '{"x":[-0,-0.0,-0e0,"-0"],"-0":"\\\\\\"-0"}'),
    '{"x":' + "1" * 400 + "}",
    '{"x":' + "1" * 4299 + "}",
]


@pytest.mark.parametrize("text", NUMBERS, ids=lambda text: text[:30])
def test_json_keeps_the_order_of_its_keys_and_the_spelling_of_its_numbers(api, session, text):
    path = f"/v1/chat/sessions/{session.pk}"
    body = (
        f'{{"role":"user","content":[{{"type":"text","text":"x","n":{text}}}],'
        f'"metadata":{text},"tool_calls":[{text}]}}'
    )

    answer = api.post(f"{path}/messages", body, content_type="application/json")
    exported = api.get(f"{path}/export").getvalue()
    imported = api.post("/v1/chat/import", exported, content_type="application/json")
    pages = [
        answer.content,
        api.get(path).content,
        exported,
        api.get("/v1/chat/export").getvalue(),
        api.get("/v1/user/export").getvalue(),
        api.get(f"/v1/chat/sessions/{imported.json()['data']['id']}").content,
    ]

    for page in pages:
        assert page.count(text.encode()) >= 3, page[:500]


@pytest.mark.parametrize("text", ["1e400", "-1e999"])
def test_a_number_beyond_float_is_rejected_where_it_would_be_changed(api, session, text):
    body = f'{{"session_id":{session.pk},"feedback_type":"thumbs_up","metadata":{{"x":{text}}}}}'

    response = api.post("/v1/chat/feedback", body, content_type="application/json")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["metadata"])


def test_fields_that_the_service_sets_are_ignored_and_listed(api, session):
    given = {"role": "user", "content": "x", "position": 1, "edited": True, "session_id": 99}

    response = api.post_json(f"/v1/chat/sessions/{session.pk}/messages", given).json()

    assert response["ignored_fields"] == ["edited", "position", "session_id"]
    assert (response["data"]["session_id"], response["data"]["edited"]) == (session.pk, False)


def test_a_session_keeps_the_fields_it_is_given(api):
    given = {"title": "T", "project": {"b": 1, "a": [1.50]}, "metadata": {"k": "v"}}

    made = api.post_json("/v1/chat/sessions", given).json()["data"]
    path = f"/v1/chat/sessions/{made['id']}"
    api.patch(path, {"colour": "red"}, content_type="application/json")

    data = api.get(path).json()["data"]
    assert (data["project"], data["colour"], data["metadata"]) == (
        given["project"],
        "red",
        {"k": "v"},
    )
    assert ChatSession.objects.get().title == "T"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/v1/chat/feedback", {"feedback_type": "thumbs_up"}),
        ("put", "/v1/user/profile", {"username": "ann"}),
        ("post", "/v1/user/api-keys", {"key_name": "k", "environment_tag": "live"}),
    ],
)
def test_unknown_fields_elsewhere_are_listed_or_rejected(api, settings, method, path, body):
    body = body | {"colour": "red", "flavour": {}}

    answer = getattr(api, method)(path, json.dumps(body), content_type="application/json")
    settings.OLD_SHAPES = False
    rejected = getattr(api, method)(path, json.dumps(body), content_type="application/json")

    assert answer.status_code in (200, 201), answer.content
    assert answer.json()["ignored_fields"] == ["colour", "flavour"]
    assert rejected.status_code == 400
    assert set(rejected.json()["errors"]) == {"colour", "flavour"}
