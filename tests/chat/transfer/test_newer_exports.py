"""A newer export of a conversation brings the messages that came after the first import."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.principals.principal import Principal
from chat.models import ChatMessage, ChatSession
from chat.transfer import importing
from chat.transfer.storing import Chat, store
from tests.chat.transfer import foreign_files as files

PATH = "/v1/chat/import"


def went_on(document):
    """The conversation as ChatGPT exports it after another question and its answer."""
    newer = json.loads(json.dumps(document))
    mapping = newer["mapping"]
    mapping["second"]["children"] = ["q2"]
    for name, parent, child, role, time in (
        ("q2", "second", ["a2"], "user", 1700000200.5),
        ("a2", "q2", [], "assistant", 1700000201.5),
    ):
        message = files.chatgpt_message(role, name, time)
        mapping[name] = files.node(name, parent, message, *child)
    return {**newer, "current_node": "a2", "update_time": 1700000300.5}


def report_of(api, *documents):
    answer = api.post(PATH, json.dumps(documents), content_type="application/json")
    assert answer.status_code in (200, 201), answer.content
    return answer.json()["data"]


def shown(api, session_id, **query):
    found = api.get(f"/v1/chat/sessions/{session_id}", query).json()["data"]["messages"]
    return [message["content"] for message in found]


def test_new_messages_of_a_known_conversation_are_added_once(api):
    old = report_of(api, files.chatgpt())
    newer = report_of(api, went_on(files.chatgpt()))
    again = report_of(api, went_on(files.chatgpt()))

    assert old["sessions"] == newer["sessions"] == again["sessions"]
    counts = [(one["imported"], one["existing"], one["extended"]) for one in (old, newer, again)]
    assert counts == [(1, 0, 0), (0, 1, 1), (0, 1, 0)]
    assert shown(api, old["sessions"][0]) == ["hi", "second try", "q2", "a2"]
    session = ChatSession.objects.get()
    assert session.updated_at.timestamp() == 1700000300.5
    assert session.messages.count() == 5
    assert session.messages.in_order().last().created_at.timestamp() == 1700000201.5


def test_an_old_export_after_a_newer_one_changes_nothing(api):
    session_id = report_of(api, went_on(files.chatgpt()))["sessions"][0]

    report = report_of(api, files.chatgpt())

    assert (report["existing"], report["extended"]) == (1, 0)
    assert shown(api, session_id) == ["hi", "second try", "q2", "a2"]


def test_a_chat_that_went_on_here_keeps_showing_that(api):
    session_id = report_of(api, files.chatgpt())["sessions"][0]
    api.post_json(f"/v1/chat/sessions/{session_id}/messages", {"role": "user", "content": "mine"})

    report = report_of(api, went_on(files.chatgpt()))

    assert report["extended"] == 1
    assert shown(api, session_id) == ["hi", "second try", "mine"]
    assert sorted(shown(api, session_id, branches="all"))[:2] == ["a2", "first try"]


def test_a_message_that_was_deleted_or_changed_here_stays_so(api):
    session_id = report_of(api, files.chatgpt())["sessions"][0]
    path = f"/v1/chat/sessions/{session_id}/messages"
    first, second = (ChatMessage.objects.get(client_id=name).pk for name in ("first", "second"))
    api.delete(f"{path}/{first}")
    better = json.dumps({"content": "better"})
    assert api.patch(f"{path}/{second}", better, "application/json").status_code == 200

    report_of(api, went_on(files.chatgpt()))

    assert shown(api, session_id, branches="all") == ["hi", "better", "q2", "a2"]


def test_a_session_of_that_name_without_a_message_in_common_stays_as_it_is(api):
    made = api.post_json("/v1/chat/sessions", {"title": "Mine", "external_id": "chatgpt-1"})
    session_id = made.json()["data"]["id"]
    api.post_json(f"/v1/chat/sessions/{session_id}/messages", {"role": "user", "content": "mine"})

    report = report_of(api, files.chatgpt())

    assert (report["existing"], report["extended"]) == (1, 0)
    assert shown(api, session_id) == ["mine"]


def test_a_conversation_that_was_empty_gets_its_messages(api):
    empty = {**files.chatgpt(), "mapping": {"root": files.node("root", None, None)}}
    first = report_of(api, {**empty, "current_node": "root"}, files.claude())

    report = report_of(api, files.chatgpt())

    assert (first["imported"], report["extended"]) == (2, 1)
    assert shown(api, first["sessions"][0]) == ["hi", "second try"]


def test_a_newer_export_of_ours_without_client_ids_adds_what_is_new(api, stranger_api):
    session_id = api.post_json("/v1/chat/sessions", {"title": "Ours"}).json()["data"]["id"]
    path = f"/v1/chat/sessions/{session_id}/messages"

    def copied():
        body = api.get("/v1/chat/export").getvalue()
        return stranger_api.post(PATH, body, content_type="application/x-ndjson").json()["data"]

    for text in ("a", "a", "b"):
        api.post_json(path, {"role": "user", "content": text})
    first = copied()
    for text in ("b", "c"):
        api.post_json(path, {"role": "user", "content": text})
    newer = copied()

    assert (first["imported"], newer["extended"]) == (1, 1)
    assert shown(stranger_api, first["sessions"][0]) == ["a", "a", "b", "b", "c"]
    assert copied()["extended"] == 0


def test_more_new_messages_than_one_statement_takes_are_added_in_order(api, monkeypatch):
    monkeypatch.setattr("chat.transfer.storing.APPENDED_MESSAGES", 1)
    session_id = report_of(api, files.chatgpt())["sessions"][0]

    report_of(api, went_on(files.chatgpt()))

    assert shown(api, session_id) == ["hi", "second try", "q2", "a2"]


def test_one_conversation_twice_in_a_file_is_one(api):
    report = report_of(api, files.chatgpt(), went_on(files.chatgpt()))

    assert (report["imported"], report["existing"], report["extended"]) == (1, 1, 1)
    assert shown(api, report["sessions"][0]) == ["hi", "second try", "q2", "a2"]


def test_many_conversations_cost_one_statement_each_and_a_few_in_all(api):
    documents = [files.chatgpt(conversation_id=f"c{number}") for number in range(20)]
    report_of(api, files.claude())

    with CaptureQueriesContext(
        connection,
    ) as captured:
        report_of(api, *documents)

    inserted = [one for one in captured if one["sql"].startswith("\nINSERT INTO chat_sessions")]
    assert len(inserted) == 20
    assert len(captured) - len(inserted) <= 6


@pytest.mark.parametrize("size", [1, 10**9])
def test_a_conversation_that_the_database_rejects_stops_no_other(api, monkeypatch, size):
    monkeypatch.setattr(importing, "BATCH_CHARS", size)
    documents = [files.chatgpt(conversation_id=f"c{number}") for number in range(5)]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE chat_sessions ADD CHECK (external_id <> 'c3')")

    report = report_of(api, *documents)

    assert (report["imported"], report["failed"]) == (4, 1)
    assert report["errors"] == [{"place": "[3]", "errors": "The database cannot store it."}]
    assert ChatSession.objects.count() == 4
    assert ChatMessage.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_imports_of_one_newer_export_at_the_same_time_add_its_messages_once(user):
    owner = Principal(user.pk, 1, True, True, False, "live", None)

    def chat(*contents):
        messages = [
            {"role": "user", "content": text, "created_at": datetime(2024, 1, day, tzinfo=UTC)}
            for day, text in enumerate(contents, 1)
        ]
        return Chat({"external_id": "trip", "updated_at": None}, messages, None)

    store(owner, [chat("one", "two")])

    def extend(_):
        try:
            return store(owner, [chat("one", "two", "three", "four")])[0].added
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(extend, range(8)))

    assert sorted(added) == [0] * 7 + [2]
    contents = ChatMessage.objects.in_order().values_list("content", flat=True)
    assert list(contents) == ["one", "two", "three", "four"]
