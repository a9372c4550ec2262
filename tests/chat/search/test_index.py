"""The index follows what is written, and search finds in it what is there."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.principals.principal import Principal
from accounts.profile.erasure import request_erasure
from chat.models import ChatMessage, ChatSession, SearchDocument, SearchPending, SearchWords
from chat.search import candidates, index
from chat.search.index import index_pending
from chat.search.query import search_chats
from gatewayz.probes import health
from tests.chat.search.test_search import find
from tests.waiting import WAIT_SECONDS

pytestmark = pytest.mark.django_db


def counts(api, *queries):
    return [find(api, one)["count"] for one in queries]


def say(session, text, **fields):
    return ChatMessage.objects.create(session=session, role="user", content=text, **fields)


def test_a_message_that_is_changed_is_found_by_its_new_text_only(api, session):
    message = say(session, "albatross")
    index_pending()
    ChatMessage.objects.filter(pk=message.pk).update(content="cormorant")

    assert counts(api, "albatross", "cormorant") == [0, 1]
    index_pending()
    assert counts(api, "albatross", "cormorant") == [0, 1]


def test_a_message_that_is_deleted_is_not_found(api, session):
    message = say(session, "albatross")
    index_pending()
    message.delete()

    assert find(api, "albatross")["data"] == []
    index_pending()
    assert counts(api, "albatross") == [0]


def test_a_new_title_is_found_instead_of_the_old_one(api, session):
    session.title = "albatross"
    session.save()
    index_pending()
    ChatSession.objects.filter(pk=session.pk).update(title="cormorant")

    assert counts(api, "albatross", "cormorant") == [0, 1]
    index_pending()
    assert counts(api, "albatross", "cormorant") == [0, 1]


def test_words_of_title_and_message_are_found_together(api, user):
    session = ChatSession.objects.create(user=user, title="Holidays", model="m")
    say(session, "pack the tent")

    assert counts(api, "holidays tent") == [1]
    index_pending()
    assert counts(api, "holidays tent") == [1]


def test_a_session_leaves_the_index_when_deleted_and_returns_when_restored(api, session):
    say(session, "albatross")
    index_pending()
    path = f"/v1/chat/sessions/{session.pk}"

    api.delete(path)
    assert counts(api, "albatross") == [0]
    index_pending()
    assert not SearchDocument.objects.filter(session_id=session.pk).exists()

    api.post_json(f"{path}/restore", {})
    assert counts(api, "albatross") == [1]
    index_pending()
    assert counts(api, "albatross") == [1]


def test_many_matches_in_the_trash_do_not_hide_others(api, user, monkeypatch):
    monkeypatch.setattr(candidates, "MAX_CANDIDATES", 5)
    kept = ChatSession.objects.create(user=user, title="albatross", model="m")
    trashed = [
        ChatSession.objects.create(user=user, title="albatross", model="m") for _ in range(20)
    ]
    index_pending()
    ChatSession.objects.filter(pk__in=[one.pk for one in trashed]).update(is_active=False)

    assert [match["id"] for match in find(api, "albatross")["data"]] == [kept.pk]


def test_more_matches_than_are_compared_make_the_count_inexact(api, user, monkeypatch):
    monkeypatch.setattr(candidates, "MAX_CANDIDATES", 5)
    for _ in range(8):
        ChatSession.objects.create(user=user, title="albatross", model="m")
    index_pending()

    found = find(api, "albatross")

    assert (found["count"], found["count_is_exact"]) == (5, False)


def test_a_message_changed_many_times_is_indexed_once(session):
    message = say(session, "a")
    index_pending()
    first = SearchDocument.objects.get(session_id=session.pk).number
    for times in range(50):
        ChatMessage.objects.filter(pk=message.pk).update(content="word " * times)

    assert index_pending() == 1
    assert SearchDocument.objects.get(session_id=session.pk).number == first + 1
    assert not SearchPending.objects.exists()


def test_sessions_that_come_before_all_their_messages_are_indexed_once(api, user, monkeypatch):
    monkeypatch.setattr(index, "_BATCH_LISTED", 2)
    sessions = [ChatSession.objects.create(user=user, title="-", model="m") for _ in range(5)]
    for _ in range(2):
        for one in sessions:
            say(one, "albatross")

    assert index_pending() == 5
    assert not SearchPending.objects.exists()
    assert counts(api, "albatross") == [5]


def test_a_message_added_to_a_long_session_leaves_its_first_documents_alone(api, session):
    for number in range(3):
        say(session, f"first{number} " + "x " * index.DOCUMENT_CHARACTERS)
    index_pending()
    before = dict(SearchDocument.objects.values_list("part", "number"))
    say(session, "albatross")
    index_pending()

    after = dict(SearchDocument.objects.values_list("part", "number"))
    assert len(before) == 3
    assert {part: after[part] for part in (0, 1)} == {part: before[part] for part in (0, 1)}
    assert counts(api, "albatross", "first0", "first2") == [1, 1, 1]


def test_a_phrase_is_found_at_the_end_of_a_long_message(api, session):
    say(session, "common words " * 20_000 + "the last albatross")
    index_pending()

    (match,) = find(api, '"last albatross"')["data"]

    assert "<mark>last albatross</mark>" in match["snippet"]


def test_sessions_from_several_eras_of_the_index_are_found(api, user, monkeypatch):
    monkeypatch.setattr(index, "ERA", 2)
    monkeypatch.setattr(candidates, "ERA", 2)
    for number in range(7):
        ChatSession.objects.create(user=user, title=f"albatross number{number}", model="m")
        index_pending()

    assert counts(api, "albatross", "number0", "number6", "mber3") == [7, 1, 1, 1]


def test_text_anywhere_in_parts_and_reasoning_is_found(api, session):
    say(
        session,
        "",
        content_parts=[
            {"type": "text", "text": {"value": "nestedword"}},
            {"type": "tool_result", "content": [{"type": "text", "text": "resultword"}]},
            {"type": "refusal", "refusal": "refusalword"},
            {"type": "tool_use", "name": "get_weather", "input": {"city": "Lisbon"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,pictureword"}},
        ],
        reasoning="thoughtword",
    )
    words = ("nestedword", "resultword", "refusalword", "weather", "lisbon", "thoughtword")

    assert counts(api, *words) == [1] * len(words)
    index_pending()
    assert counts(api, *words) == [1] * len(words)
    assert counts(api, "pictureword") == [0]


def test_nothing_of_a_user_is_left_when_the_user_is_deleted(user, session):
    say(session, "albatross")
    index_pending()
    assert SearchWords.objects.exists()
    ChatSession.objects.all().delete()
    user.delete()

    assert not SearchDocument.objects.exists()
    assert not SearchWords.objects.exists()


def test_chats_of_a_user_who_is_being_erased_are_not_indexed_again(user, session):
    first, _ = say(session, "albatross"), say(session, "pelican")
    index_pending()
    request_erasure(user.pk)
    first.delete()

    with CaptureQueriesContext(connection) as asked:
        index_pending()

    assert not any("chat_messages" in query["sql"] for query in asked)
    assert not SearchDocument.objects.exists()
    assert not SearchPending.objects.exists()


def test_interrupted_indexing_continues(api, user, monkeypatch):
    monkeypatch.setattr(index, "_BATCH_SESSIONS", 2)
    for number in range(5):
        ChatSession.objects.create(user=user, title=f"albatross {number}", model="m")
    batches = index.index_listed()
    next(batches)
    batches.close()

    assert counts(api, "albatross") == [5]
    assert index_pending() == 3
    assert counts(api, "albatross") == [5]


@pytest.mark.django_db(transaction=True)
def test_a_user_whom_another_run_is_indexing_is_left_to_it(api, stranger_api, monkeypatch, caplog):
    def add(by, title):
        return by.post_json("/v1/chat/sessions", {"title": title}).json()["data"]["id"]

    add(api, "albatross 1")
    is_indexing, may_go_on = Event(), Event()
    read_messages = index._messages

    def wait_once(*what):
        monkeypatch.setattr(index, "_messages", read_messages)
        with connection.cursor() as cursor:
            # On a busy machine, this takes longer than a connection may be idle.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        is_indexing.set()
        assert may_go_on.wait(WAIT_SECONDS)
        return read_messages(*what)

    def other_run():
        try:
            return index_pending()
        finally:
            connections.close_all()

    monkeypatch.setattr(index, "_messages", wait_once)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(other_run)
        try:
            assert is_indexing.wait(WAIT_SECONDS)
            left = {add(api, "albatross 2"), add(api, "albatross 3")}
            pelican = add(stranger_api, "pelican")

            assert index_pending() == 1
            listed = set(SearchPending.objects.values_list("session_id", flat=True))
            assert left <= listed
            assert pelican not in listed
            # Waiting for the other run ends with an error.
            assert "Could not index" not in caplog.text
        finally:
            may_go_on.set()
        assert other.result(WAIT_SECONDS) == 3

    assert not SearchPending.objects.exists()
    assert counts(api, "albatross") == [3]
    assert counts(stranger_api, "pelican") == [1]


def test_indexing_pictures_takes_the_memory_of_a_few_of_them(api, session):
    for number in range(20):
        say(
            session, f"albatross {number}", extra={"content": [{"url": "data:" + "x" * 2_000_000}]}
        )
    tracemalloc.start()
    index_pending()
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert SearchPending.objects.count() == 0
    assert peak_bytes < 25_000_000


def test_a_session_that_cannot_be_indexed_holds_up_no_other(api, user, session, caplog):
    say(session, "albatross")
    other = ChatSession.objects.create(user=user, title="T", model="m")
    say(other, "cormorant")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'canceling statement' USING ERRCODE = 'query_canceled'; END $$;
            CREATE TRIGGER reject BEFORE INSERT ON chat_search_documents
            FOR EACH ROW WHEN (NEW.session_id = {session.pk}) EXECUTE FUNCTION reject();
            """
        )

    assert index_pending() == 1
    assert f"Could not index chat session {session.pk}" in caplog.text
    assert set(SearchPending.objects.values_list("session_id", flat=True)) == {session.pk}
    assert counts(api, "albatross", "cormorant") == [1, 1]


def test_an_outdated_index_is_reported_and_rebuilt(
    api, admin_client, session, capsys, monkeypatch
):
    monkeypatch.setattr(health, "REMEMBERED_SECONDS", -1)
    say(session, "albatross")
    index_pending()
    SearchDocument.objects.update(version=0)

    assert Client().get("/readyz").json()["parts"]["search"] == "outdated"
    assert b"manage.py index_chats" in admin_client.get("/admin/").content
    call_command("index_chats")

    assert Client().get("/readyz").json()["parts"]["search"] == "ok"
    assert counts(api, "albatross") == [1]


WORDS = ["foo", "bar", "foobar", "a", "ab", "é", "中", "文字", "テスト", "🎉", "x1", "ящик"]
PUNCTUATION = [" ", "-", ".", "_", "/", "", "\n", " 🎉", '"', "“", "’"]
TEXTS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(PUNCTUATION)), min_size=1, max_size=6
).map(lambda pairs: "".join(word + mark for word, mark in pairs))


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, min_size=1, max_size=8))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_finds_what_a_full_comparison_finds(user, texts, queries):
    ChatSession.objects.filter(user=user).delete()
    for text in texts:
        session = ChatSession.objects.create(user=user, title="-", model="m")
        say(session, text)
    owner = Principal(user.pk, 1, True, True, False, "live", None)

    def found():
        return [
            {match.session.pk for match in search_chats(owner, one, limit=10).matches}
            for one in queries
        ]

    compared = found()
    index_pending()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM chat_search_pending")
        assert cursor.fetchone() == (0,)
    assert found() == compared
