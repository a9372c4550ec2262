"""Messages with siblings: regenerated answers and edited questions."""

import json

import pytest
from django.db import connection

from tests.problems import assert_problem

SESSIONS = "/v1/chat/sessions"


class Chat:
    """A session and what is done with it."""

    def __init__(self, api, session_id):
        self.api, self.id = api, session_id
        self.path = f"{SESSIONS}/{session_id}"

    def say(self, content, **more):
        message = {"role": "user", "content": content, **more}
        answer = self.api.post_json(f"{self.path}/messages", message)
        assert answer.status_code == 201, answer.content
        return answer.json()["data"]["id"]

    def read(self, **query):
        return self.api.get(self.path, query).json()["data"]

    def line(self):
        return "".join(message["content"] for message in self.read()["messages"])

    def switch(self, message_id):
        body = {"current_message_id": message_id}
        return self.api.patch(self.path, body, content_type="application/json")


@pytest.fixture
def chat(api, session):
    return Chat(api, session.pk)


@pytest.fixture
def tree(chat):
    """Q - a - b - c, and beside it q - x - y, which is shown."""
    ids = {name: chat.say(name) for name in "qabc"}
    ids["x"] = chat.say("x", parent_id=ids["q"])
    ids["y"] = chat.say("y")
    return ids


def test_a_sibling_starts_a_branch_that_becomes_the_current_one(chat, tree):
    assert chat.line() == "qxy"
    assert chat.read()["current_message_id"] == tree["y"]


def test_a_session_can_switch_to_another_branch_and_continue_it(chat, tree):
    assert chat.switch(tree["c"]).status_code == 200
    assert chat.line() == "qabc"
    chat.say("d")
    assert chat.line() == "qabcd"

    chat.switch(tree["a"])
    assert chat.line() == "qa"
    chat.say("e")
    assert chat.line() == "qae"
    chat.switch(tree["x"])
    assert chat.line() == "qx"


def test_a_message_without_a_parent_starts_a_new_tree(chat, tree):
    chat.say("Q", parent_id=0)
    chat.say("A")

    assert chat.line() == "QA"
    chat.switch(tree["c"])
    assert chat.line() == "qabc"


def test_a_null_parent_is_the_same_as_an_absent_one(chat):
    chat.say("a", parent_id=None)
    chat.say("b", parent_id=None)

    assert chat.line() == "ab"


def test_a_client_can_ask_for_the_whole_tree(chat, tree):
    messages = chat.read(branches="all")["messages"]

    parents = {message["content"]: message["parent_id"] for message in messages}
    assert parents == {
        "q": None,
        "a": tree["q"],
        "b": tree["a"],
        "c": tree["b"],
        "x": tree["q"],
        "y": tree["x"],
    }


def test_a_message_of_another_session_cannot_be_parent_or_current(api, chat, tree):
    other = Chat(api, api.post_json(SESSIONS, {}).json()["data"]["id"])
    body = {"role": "user", "content": "z", "parent_id": tree["q"]}

    problem = assert_problem(
        api.post_json(f"{other.path}/messages", body), 400, "validation_error"
    )
    assert list(problem["errors"]) == ["parent_id"]
    assert_problem(other.switch(tree["q"]), 400, "validation_error")
    assert other.line() == ""


@pytest.mark.parametrize(
    ("message", "copied"), [(None, "qxy"), ("x", "qx"), ("b", "qab"), ("q", "q")]
)
def test_a_fork_copies_the_branch_up_to_a_message(api, chat, tree, message, copied):
    body = {"message_id": tree[message]} if message else {}

    fork = Chat(api, api.post_json(f"{chat.path}/fork", body).json()["data"]["id"])

    assert fork.line() == copied
    parents = [one["parent_id"] for one in fork.read()["messages"]]
    assert parents == [None, *(one["id"] for one in fork.read()["messages"][:-1])]


@pytest.mark.parametrize("shown", ["y", "c", "a"])
def test_export_and_import_keep_the_branches(api, chat, tree, shown):
    chat.switch(tree[shown])
    exported = json.loads(api.get(f"{chat.path}/export").getvalue())

    copy = Chat(api, api.post_json("/v1/chat/import", exported).json()["data"]["id"])

    assert copy.line() == chat.line()
    names = {one["id"]: one["content"] for one in copy.read(branches="all")["messages"]}
    parents = {
        one["content"]: names.get(one["parent_id"])
        for one in copy.read(branches="all")["messages"]
    }
    assert parents == {"q": None, "a": "q", "b": "a", "c": "b", "x": "q", "y": "x"}


def test_an_import_from_another_service_may_have_string_ids(api):
    messages = [
        {"id": "u", "parent_id": None, "role": "user", "content": "q"},
        {"id": "v", "parent_id": "u", "role": "assistant", "content": "a"},
        {"id": "w", "parent_id": "u", "role": "assistant", "content": "b"},
    ]
    body = {"messages": messages, "current_message_id": "v"}

    chat = Chat(api, api.post_json("/v1/chat/import", body).json()["data"]["id"])

    assert chat.line() == "qa"
    assert [one["client_id"] for one in chat.read(branches="all")["messages"]] == ["u", "v", "w"]


def test_an_import_with_an_unknown_parent_is_rejected(api):
    messages = [{"role": "user", "content": "q", "parent_id": 7}]

    problem = assert_problem(
        api.post_json("/v1/chat/import", {"messages": messages}), 400, "validation_error"
    )

    assert problem["errors"]["messages"]["0"].keys() == {"parent_id"}


def test_other_export_formats_hold_the_current_branch(api, chat, tree):
    openai = json.loads(api.get(f"{chat.path}/export", {"format": "openai"}).getvalue())
    markdown = api.get(f"{chat.path}/export", {"format": "markdown"}).getvalue().decode()

    assert [message["content"] for message in openai["messages"]] == ["q", "x", "y"]
    assert "\nx\n" in markdown
    assert "\nb\n" not in markdown


def test_deleting_a_message_of_the_branch_keeps_the_others(api, chat, tree):
    api.delete(f"{chat.path}/messages/{tree['x']}")
    assert chat.line() == "qy"

    chat.switch(tree["c"])
    assert chat.line() == "qabc"


def test_switching_branches_writes_only_the_rows_after_the_fork(api, chat, tree):
    def versions():
        with connection.cursor() as cursor:
            # Where the newest version of each row is.
            cursor.execute("SELECT id, ctid FROM chat_messages")
            return dict(cursor.fetchall())

    before = versions()
    chat.switch(tree["c"])
    after = versions()

    changed = {message_id for message_id in after if after[message_id] != before[message_id]}
    assert changed == {tree[name] for name in "abcxy"}
