"""The contract's table of the chat history, row by row, over HTTP."""

from __future__ import annotations

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.client import assert_problem

SESSIONS = "/v1/chat/sessions"
SESSION_FIELDS = {"id", "user_id", "title", "model", "is_active", "created_at", "updated_at"}
MESSAGE_FIELDS = {
    "id",
    "session_id",
    "role",
    "content",
    "model",
    "tokens",
    "reasoning",
    "metadata",
    "created_at",
}


def path_of(session, tail=""):
    return f"{SESSIONS}/{session['id']}{tail}"


def is_time(text):
    return datetime.fromisoformat(text).utcoffset() is not None


# --- Conventions -------------------------------------------------------------------------------


def test_every_response_has_an_id_and_timings(client):
    answer = client.get(SESSIONS, headers={"X-Request-ID": "contract-1"})

    assert answer.headers["X-Request-ID"] == "contract-1"
    assert re.search(r"\btotal;dur=[\d.]+", answer.headers["Server-Timing"])


@pytest.mark.parametrize("key", [None, "gw_live_nonsense"])
def test_without_a_valid_key_the_response_is_401(client, key):
    answer = type(client)(client.base_url, key).get(SESSIONS)

    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_paths_have_no_trailing_slash(client):
    assert client.get(f"{SESSIONS}/").status == 404


def test_unknown_query_parameters_are_ignored(client):
    assert client.get(f"{SESSIONS}?privy_user_id=did:privy:1").status == 200


def test_an_unknown_id_is_404(client):
    for path in (f"{SESSIONS}/999999999999", f"{SESSIONS}/999999999999/messages"):
        method = "POST" if path.endswith("messages") else "GET"
        body = {"role": "user", "content": "x"} if method == "POST" else None
        assert_problem(client.request(method, path, body), 404)


# --- Sessions ----------------------------------------------------------------------------------


def test_creates_a_session(client):
    answer = client.post(SESSIONS, {})

    assert answer.status == 201
    session = answer.data
    assert session.keys() >= SESSION_FIELDS
    assert isinstance(session["id"], int)
    assert isinstance(session["user_id"], int)
    assert re.fullmatch(r"Chat \d{4}-\d\d-\d\d \d\d:\d\d", session["title"])
    assert session["model"]
    assert session["is_active"] is True
    assert is_time(session["created_at"])
    assert isinstance(answer.json["message"], str)
    client.delete(path_of(session))


@pytest.mark.parametrize("field", ["title", "model"])
def test_rejects_more_than_255_characters(client, field):
    assert field in assert_problem(client.post(SESSIONS, {field: "x" * 256}), 400)["errors"]


def test_an_idempotency_key_creates_once(client):
    headers = {"Idempotency-Key": uuid.uuid4().hex}

    first = client.post(SESSIONS, {"title": "Once"}, headers=headers)
    again = client.post(SESSIONS, {"title": "Once"}, headers=headers)
    other = client.post(SESSIONS, {"title": "Other"}, headers=headers)

    assert again.data == first.data
    assert again.status == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert_problem(other, 409)
    client.delete(path_of(first.data))


def test_an_idempotency_key_creates_once_under_concurrency(client):
    headers = {"Idempotency-Key": uuid.uuid4().hex}

    with ThreadPoolExecutor(5) as threads:
        made = list(
            threads.map(lambda _: client.post(SESSIONS, {}, headers=headers).data["id"], range(5))
        )

    assert len(set(made)) == 1
    client.delete(f"{SESSIONS}/{made[0]}")


def test_lists_sessions_newest_first_with_the_total(client, session):
    newer = client.post(SESSIONS, {}).data

    answer = client.get(f"{SESSIONS}?limit=2&offset=0")

    assert [one["id"] for one in answer.data] == [newer["id"], session["id"]]
    assert answer.json["count"] >= 2
    assert client.get(f"{SESSIONS}?limit=1&offset=1").data[0]["id"] == session["id"]
    cursor = client.get(f"{SESSIONS}?limit=1").json["next_cursor"]
    assert client.get(f"{SESSIONS}?limit=1&cursor={cursor}").data[0]["id"] == session["id"]
    client.delete(path_of(newer))


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "cursor=x"])
def test_rejects_a_bad_page(client, query):
    assert_problem(client.get(f"{SESSIONS}?{query}"), 400)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_changes_a_session(client, session, method):
    changed = client.request(method, path_of(session), {"title": "New", "model": None}).data

    assert (changed["title"], changed["model"]) == ("New", "acme/one")


def test_a_deleted_session_is_not_found(client, session):
    answer = client.delete(path_of(session))

    assert answer.status == 200
    assert answer.json["success"] is True
    assert isinstance(answer.json["message"], str)
    for method, body in (("GET", None), ("PUT", {"title": "X"}), ("DELETE", None)):
        assert_problem(client.request(method, path_of(session), body), 404)


# --- Messages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "Hello",
        "👩‍👩‍👧 שלום مرحبا\n\tif a < b:",
        "x" * 200_000,
        [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "u"}}],
    ],
    ids=["text", "unicode", "long", "parts"],
)
def test_keeps_a_message_unchanged(client, session, content):
    given = {
        "role": "assistant",
        "content": content,
        "model": "",
        "tokens": 5,
        "reasoning": "so",
        "metadata": {"a": [1, None]},
    }

    answer = client.post(path_of(session, "/messages"), given)

    assert answer.status == 201
    assert answer.data.keys() >= MESSAGE_FIELDS
    assert {name: answer.data[name] for name in given} == given
    assert client.get(path_of(session)).data["messages"] == [answer.data]


@pytest.mark.parametrize("role", ["user", "assistant", "system", "tool"])
def test_takes_every_role(client, session, role):
    body = {"role": role, "content": "x"}

    assert client.post(path_of(session, "/messages"), body).data["role"] == role


@pytest.mark.parametrize(
    "bad", [{"role": "robot"}, {"content": 5}, {"content": "a\x00b"}, {"tokens": -1}], ids=repr
)
def test_rejects_a_bad_message(client, session, bad):
    body = {"role": "user", "content": "x"} | bad

    problem = assert_problem(client.post(path_of(session, "/messages"), body), 400)

    assert list(problem["errors"]) == list(bad)


def test_a_message_updates_the_session(client, session):
    body = {"role": "user", "content": "x", "model": "acme/two"}
    client.post(path_of(session, "/messages"), body)

    touched = client.get(path_of(session)).data

    assert touched["model"] == "acme/two"
    assert touched["updated_at"] > session["updated_at"]


def test_saves_a_batch_completely_or_not_at_all(client, session):
    messages = [{"role": "user", "content": f"M{n}"} for n in range(500)]
    path = path_of(session, "/messages/batch")

    bad = client.post(path, {"messages": [*messages[:2], {"role": "user"}]})
    data = client.post(path, {"messages": messages}).data

    assert list(assert_problem(bad, 400)["errors"]["messages"]) == ["2"]
    assert (data["total"], data["success_count"], data["failure_count"]) == (500, 500, 0)
    assert data["failed"] == []
    assert data["saved"][0].keys() == {"success", "message_id", "data"}
    page = client.get(path_of(session, "?message_limit=1000")).data["messages"]
    assert [one["content"] for one in page] == [f"M{n}" for n in range(500)]
    assert_problem(client.post(path, {"messages": [*messages, messages[0]]}), 400)


def test_pages_through_messages(client, session):
    body = {"messages": [{"role": "user", "content": f"M{n}"} for n in range(5)]}
    saved = client.post(path_of(session, "/messages/batch"), body).data["saved"]
    ids = [one["message_id"] for one in saved]

    def page(query):
        return [one["id"] for one in client.get(path_of(session, query)).data["messages"]]

    assert page("?message_limit=2") == ids[3:]
    assert page(f"?message_limit=2&before={ids[3]}") == ids[1:3]
    assert page(f"?message_limit=2&after={ids[1]}") == ids[2:4]


# --- Search and statistics ---------------------------------------------------------------------


def test_searches_titles_and_messages(client, session):
    word = f"w{uuid.uuid4().hex}"
    client.post(path_of(session, "/messages"), {"role": "user", "content": f"<b> {word} it is"})

    answer = client.post("/v1/chat/search", {"query": word[:20], "limit": 5})

    (found,) = answer.data
    assert answer.json["count"] == 1
    assert found.keys() >= SESSION_FIELDS | {"snippet"}
    assert found["id"] == session["id"]
    assert f"<mark>{word}</mark>" in found["snippet"]
    assert "<b>" not in found["snippet"]
    assert client.post("/v1/chat/search", {"query": f'"it {word}"'}).data == []
    assert client.post("/v1/chat/search", {"query": word, "limit": 101}).json["count"] == 1


def test_returns_statistics_under_both_names(client, session):
    answer = client.get("/v1/chat/stats")

    assert answer.json["stats"] == answer.data
    assert answer.data.keys() >= {
        "total_sessions",
        "active_sessions",
        "total_messages",
        "total_tokens",
        "average_messages_per_session",
    }
    assert answer.data["active_sessions"] >= 1


# --- Feedback ----------------------------------------------------------------------------------


def test_creates_changes_counts_and_deletes_feedback(client, session):
    message = client.post(path_of(session, "/messages"), {"role": "assistant", "content": "x"})
    given = {
        "session_id": session["id"],
        "message_id": message.data["id"],
        "feedback_type": "thumbs_up",
        "rating": 4,
        "comment": "Good",
        "model": "acme/one",
        "metadata": {"a": 1},
    }

    made = client.post("/v1/chat/feedback", given)
    path = f"/v1/chat/feedback/{made.data['id']}"

    assert made.status == 201
    assert {name: made.data[name] for name in given} == given
    assert client.put(path, {"rating": 5}).data["rating"] == 5
    listed = client.get(f"/v1/chat/feedback?session_id={session['id']}&feedback_type=thumbs_up")
    assert ([one["id"] for one in listed.data], listed.json["count"]) == ([made.data["id"]], 1)
    of_session = client.get(path_of(session, "/feedback"))
    assert [one["id"] for one in of_session.data] == [made.data["id"]]
    stats = client.get("/v1/chat/feedback/stats?days=1&model=acme/one").data
    assert stats["thumbs_up"] >= 1
    assert "acme/one" in stats["by_model"]
    assert client.delete(path).json["success"] is True
    assert_problem(client.delete(path), 404)


@pytest.mark.parametrize("bad", [{"feedback_type": "meh"}, {"rating": 6}], ids=repr)
def test_rejects_bad_feedback(client, bad):
    assert_problem(client.post("/v1/chat/feedback", {"feedback_type": "thumbs_up"} | bad), 400)


# --- Sharing -----------------------------------------------------------------------------------


def test_shares_a_session_until_it_is_revoked(client, nobody, session):
    client.post(path_of(session, "/messages"), {"role": "user", "content": "Shared"})
    expires_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = client.post("/v1/chat/share", {"session_id": session["id"], "expires_at": expires_at})
    path = f"/v1/chat/share/{made.data['token']}"

    assert made.status == 201
    seen = nobody.get(path).data
    assert [one["content"] for one in seen["messages"]] == ["Shared"]
    listed = {one["token"]: one for one in client.get("/v1/chat/share").data}
    assert listed[made.data["token"]]["view_count"] == 1
    assert_problem(nobody.delete(path), 401)
    assert client.delete(path).json["success"] is True
    assert_problem(nobody.get(path), 404)


# --- Beyond the table --------------------------------------------------------------------------


def test_exports_and_imports(client, session):
    client.post(path_of(session, "/messages"), {"role": "user", "content": "Taken along"})

    exported = client.get(path_of(session, "/export?format=json")).json
    copy = client.post("/v1/chat/import", exported).data

    again = client.get(f"{SESSIONS}/{copy['id']}/export").json
    assert again["messages"] == exported["messages"]
    lines = client.get("/v1/chat/export").body.splitlines()
    assert session["id"] in {json.loads(line)["id"] for line in lines}
    client.delete(f"{SESSIONS}/{copy['id']}")


def test_restores_a_deleted_session(client, session):
    client.delete(path_of(session))

    assert client.post(path_of(session, "/restore"), {}).data["is_active"] is True
    assert client.get(path_of(session)).status == 200


def test_responds_304_to_a_known_etag(client, session):
    etag = client.get(path_of(session)).headers["ETag"]

    assert client.get(path_of(session), headers={"If-None-Match": etag}).status == 304
