"""Files that mean harm, or are broken: each ends with an error that says so."""

import io
import json
import zipfile

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chat.transfer.documents import documents
from chat.transfer.formats import chatgpt, librechat
from chat.transfer.formats.conversations import Conversation, UnreadableError
from chat.transfer.recognition import conversations
from tests.chat.transfer import foreign_files as files

GOOD = json.dumps(files.claude())


def read(body):
    return list(conversations(documents(io.BytesIO(body))))


def problems(body):
    return [str(f.conversation) for f in read(body) if isinstance(f.conversation, UnreadableError)]


def zipped(name, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def chain(length):
    said = files.chatgpt_message("user", "x")
    return {
        str(n): files.node(str(n), str(n - 1) if n else None, said, str(n + 1))
        for n in range(length)
    }


def broken(name):
    mapping = chain(3)
    if name == "circle":
        mapping["0"]["parent"] = "2"
    else:
        mapping["1"]["parent"] = "missing"
    return files.chatgpt(mapping=mapping)


TWICE = files.claude(chat_messages=[files.claude_message("a", "human", "x")] * 2)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (broken("circle"), "circle"),
        (broken("orphan"), "not in the conversation"),
        (TWICE, "Two messages have the id"),
        (files.chatgpt(mapping=[1]), "Expected `object`"),
        (files.claude(chat_messages={"a": 1}), "Expected `array`"),
        (files.open_webui(chat=None), "not a conversation"),
        (files.librechat(messages=[{"messageId": 7}]), "Expected `str`"),
    ],
)
def test_a_broken_conversation_says_why_and_stops_no_other(document, says):
    found = read(f"[{json.dumps(document)},{GOOD}]".encode())

    assert len(found) == 2
    assert says in str(found[0].conversation)
    assert isinstance(found[1].conversation, Conversation)


def test_a_long_chain_of_messages_is_read_without_recursion():
    said = files.chatgpt_message("user", "x")
    mapping = {
        str(n): {"message": said, "parent": str(n - 1) if n else None, "children": []}
        for n in range(100_000)
    }

    assert len(chatgpt.conversation({"mapping": mapping}).fields["messages"]) == 100_000


def test_messages_within_messages_are_read_without_recursion():
    deep = files.librechat_message("0", files.LIBRECHAT_ROOT, "x")
    for number in range(1, 5_000):
        deep = files.librechat_message(str(number), "", "x", children=[deep])

    thread = librechat.conversation({"conversationId": "c", "messages": [deep]})

    assert len(thread.fields["messages"]) == 5_000


@pytest.mark.parametrize(
    "body", [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"[{" + b'"a":[' * 200_000]
)
def test_json_that_only_opens_is_an_error(body):
    assert problems(body)


def test_a_file_that_is_cut_off_gives_what_is_whole():
    found = read(f"[{GOOD},{GOOD}".encode()[:-9])

    assert [type(one.conversation) for one in found] == [Conversation, UnreadableError]


def test_an_export_without_its_last_line_says_so():
    line = {"type": "session", "id": 1, "title": "T", "created_at": "2024-01-01T00:00:00Z"}
    whole = [line, {"type": "end", "lines": 1}]

    assert not problems("\n".join(map(json.dumps, whole)).encode())
    assert "cut off" in problems("\n".join(map(json.dumps, [line, line])).encode())[0]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (zipped("conversations.json", " " * 20_000_000), "unpacks to too much"),
        (zipped("readme.txt", "x"), "no JSON file"),
        (zipped("conversations.json", GOOD)[:-30], "damaged"),
        (b"PK\x03\x04", "damaged"),
    ],
)
def test_a_bad_archive_says_why(body, says):
    assert says in problems(body)[0]


def test_a_path_in_an_archive_is_a_name_and_nothing_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    (found,) = read(zipped("../../conversations.json", GOOD))

    assert isinstance(found.conversation, Conversation)
    assert not list(tmp_path.iterdir())


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "mapping",
                        "message",
                        "author",
                        "role",
                        "content",
                        "parts",
                        "parent",
                        "children",
                    ),
                    *("chat_messages", "uuid", "sender", "text", "attachments", "chat", "history"),
                    *(
                        "messages",
                        "messageId",
                        "conversationId",
                        "type",
                        "id",
                        "session_id",
                        "system",
                    ),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None, derandomize=True, phases=[Phase.generate])
@given(value=WILD, cut=st.integers(0, 200))
def test_whatever_a_file_holds_nothing_breaks(value, cut):
    body = json.dumps(value).encode()

    read(body)
    read(body[:cut])
    read(b"PK\x03\x04" + body)


@settings(max_examples=300, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.data())
def test_a_conversation_with_any_value_in_any_place_breaks_nothing(data):
    whose = data.draw(
        st.sampled_from([files.chatgpt, files.claude, files.open_webui, files.librechat])
    )
    document = whose()
    place = document
    while True:
        name = data.draw(
            st.sampled_from(list(place) if isinstance(place, dict) else range(len(place)))
        )
        inner = place[name]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[name] = data.draw(WILD)

    read(json.dumps([document]).encode())
