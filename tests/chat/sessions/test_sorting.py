"""The owners of sessions, and the order of lists."""

import json

import pytest

from chat.models import ChatMessage, ChatSession
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


def begin(api, **fields):
    answer = api.post_json(PATH, fields)
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]


def change(api, session, **fields):
    path = f"{PATH}/{session['id']}"
    return api.patch(path, fields, content_type="application/json")


def titles(api, **query):
    answer = api.get(PATH, query).json()
    assert answer["count"] == len(answer["data"])
    return [session["title"] for session in answer["data"]]


FIELDS = {
    "external_id": "thread-1",
    "end_user_id": "ann@shop",
    "metadata": {"plan": "gold"},
    "tags": ["work", "2026"],
    "folder": "Trips",
    "expires_at": "2999-01-01T00:00:00Z",
}


def test_a_session_has_the_fields_it_was_created_with(api):
    made = begin(api, title="T", **FIELDS)

    data = api.get(f"{PATH}/{made['id']}").json()["data"]
    assert {name: data[name] for name in FIELDS} == FIELDS
    assert made.items() <= data.items()


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_can_be_changed_and_removed(api, field):
    session = begin(api)

    set_to = change(api, session, **{field: FIELDS[field]}).json()["data"]
    kept = change(api, session, title="New").json()["data"]
    emptied = change(api, session, **{field: None}).json()["data"]

    assert set_to[field] == kept[field] == FIELDS[field]
    assert emptied[field] == ([] if field == "tags" else None)


@pytest.mark.parametrize(
    "bad",
    [
        {"metadata": {"x": "y" * 17_000}},
        {"tags": ["x" * 65]},
        {"tags": "work"},
        {"tags": [str(n) for n in range(51)]},
        {"folder": "x" * 256},
        {"end_user_id": "a\x00"},
        {"external_id": "x" * 256},
        {"expires_at": "2020-01-01T00:00:00Z"},
    ],
    ids=lambda bad: next(iter(bad)),
)
def test_rejects_fields_that_are_too_long_and_names_them(api, session, bad):
    for answer in (api.post_json(PATH, bad), change(api, {"id": session.pk}, **bad)):
        assert list(assert_problem(answer, 400, "validation_error")["errors"]) == list(bad)


def test_filters_by_end_user_folder_or_tag(api, stranger_api):
    begin(api, title="a", end_user_id="ann", tags=["x", "y"], folder="F")
    begin(api, title="b", end_user_id="bob", tags=["y"])
    begin(api, title="c")
    begin(stranger_api, title="d", end_user_id="ann", tags=["x"], folder="F")

    assert titles(api, end_user_id="ann") == ["a"]
    assert titles(api, tag="y") == ["b", "a"]
    assert titles(api, tag="y", end_user_id="bob") == ["b"]
    assert titles(api, folder="F") == ["a"]
    assert titles(api, folder="G") == []


def test_tags_and_folders_are_listed_with_their_number_of_sessions(api, stranger_api):
    begin(api, tags=["x", "y"], folder="F")
    begin(api, tags=["y"], folder="F")
    deleted = begin(api, tags=["y", "z"], folder="G")
    api.delete(f"{PATH}/{deleted['id']}")
    begin(stranger_api, tags=["x"], folder="F")

    tags, folders = (api.get(f"/v1/chat/{what}").json() for what in ("tags", "folders"))

    assert tags["data"] == [{"tag": "y", "count": 2}, {"tag": "x", "count": 1}]
    assert folders["data"] == [{"folder": "F", "count": 2}]
    assert (tags["count"], folders["count"]) == (2, 1)


def test_tags_and_folders_of_one_end_user_are_listed(api, stranger_api):
    begin(api, end_user_id="ann", tags=["x", "y"], folder="F")
    begin(api, end_user_id="bob", tags=["y"], folder="G")
    begin(stranger_api, end_user_id="ann", tags=["z"], folder="H")

    tags, folders = (
        api.get(f"/v1/chat/{what}", {"end_user_id": "ann"}).json()["data"]
        for what in ("tags", "folders")
    )

    assert tags == [{"tag": "x", "count": 1}, {"tag": "y", "count": 1}]
    assert folders == [{"folder": "F", "count": 1}]


@pytest.mark.parametrize("what", ["tags", "folders"])
def test_tags_and_folders_of_nobody_are_a_client_error(api, what):
    answer = api.get(f"/v1/chat/{what}", {"end_user_id": ""})

    assert list(assert_problem(answer, 400, "validation_error")["errors"]) == ["end_user_id"]


def test_counts_the_sessions_of_one_end_user(api):
    session = begin(api, end_user_id="ann")
    begin(api, end_user_id="bob")
    api.post_json(f"{PATH}/{session['id']}/messages", {"role": "user", "content": "x"})

    stats = api.get("/v1/chat/stats", {"end_user_id": "ann"}).json()["data"]

    assert (stats["total_sessions"], stats["total_messages"]) == (1, 1)


def test_paging_by_creation_misses_no_session_that_is_updated_meanwhile(api):
    made = [begin(api)["id"] for _ in range(5)]
    query, seen = {"order": "created", "limit": 2}, []

    while True:
        page = api.get(PATH, query).json()
        seen += [session["id"] for session in page["data"]]
        last = made[len(seen) % 5]
        api.post_json(f"{PATH}/{last}/messages", {"role": "user", "content": "x"})
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == made


def test_a_title_of_invisible_characters_counts_as_empty(api):
    for title in ("\u200b\u200b", "\ufeff\u200d", "\u3164", "\u00a0\u00a0", "\u2060", "\ufe0f"):
        assert begin(api, title=title)["title"].startswith("Chat "), ascii(title)
    assert begin(api, title="a\u200bb")["title"] == "a\u200bb"


def test_a_deleted_session_shows_when_and_keeps_its_updated_time(api):
    session = begin(api)
    api.delete(f"{PATH}/{session['id']}")

    (deleted,) = api.get(PATH, {"deleted": "true"}).json()["data"]

    assert deleted["deleted_at"] is not None
    assert deleted["updated_at"] == session["updated_at"]
    restored = api.post_json(f"{PATH}/{session['id']}/restore", {}).json()["data"]
    assert restored["deleted_at"] is None


def test_a_row_of_the_previous_release_gets_a_position_an_owner_and_a_parent(user, session):
    first, second = (
        ChatMessage.objects.create(session=session, role="user", content=str(n)) for n in range(2)
    )

    for message in (first, second):
        message.refresh_from_db()
    assert (first.user_id, first.parent_id) == (user.pk, None)
    assert second.parent_id == first.pk
    assert first.position < second.position
    assert ChatSession.objects.get(pk=session.pk).tags == []


@pytest.mark.parametrize("unseen", ["\u200b", " \u00ad ", "\u2800", "\u115f\u1160", "\U000e0020"])
@pytest.mark.parametrize(
    "fields", [{"folder": "{}"}, {"tags": ["work", "{}"]}], ids=["folder", "tag"]
)
def test_a_name_that_cannot_be_seen_is_no_name(api, fields, unseen):
    given = json.loads(json.dumps(fields).replace("{}", unseen))

    assert_problem(api.post_json(PATH, given), 400, "validation_error")
