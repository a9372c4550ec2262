"""Reads through a pool, as of web processes, return what the writes were answered with."""

import pytest

from tests.pools import pooled

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/v1/chat/sessions"
SESSION = {
    "title": "Weather",
    "metadata": {"b": [1.5, None], "a": "é"},
    "tags": ["a", "b"],
    "external_id": "mine",
    "expires_at": "2100-01-01T00:00:00Z",
    "unknown": {"z": 1, "a": 10**30},
}
MESSAGES = [
    {"role": "user", "content": "Where is it warm?"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "There?"}],
        "metadata": {"b": 1, "a": 2},
    },
    {"role": "assistant", "content": None, "tool_calls": [{"z": 1, "a": 2}], "tokens": 5},
    {"role": "assistant", "content": "In \u0394", "status": "in_progress", "revision": 3},
]


@pytest.fixture
def written(api):
    """A session, and its messages, as the answers to writing them show them."""
    session = api.post_json(PATH, SESSION).json()["data"]
    own = f"{PATH}/{session['id']}/messages"
    return session, [api.post_json(own, message).json()["data"] for message in MESSAGES]


@pytest.fixture(autouse=True)
def pool(api, written):
    with pooled() as database:
        api.get(PATH)  # the key is known afterwards
        database.close()
        yield database


def test_a_session_with_messages_is_read_as_it_was_created(api, written, pool):
    session, messages = written

    read = api.get(f"{PATH}/{session['id']}").json()["data"]

    assert pool.connection is None, "each statement borrows a connection"

    assert read["messages"] == messages
    changed = {"updated_at", "messages", "has_more_messages", "current_message_id"}
    for name in session.keys() - changed:
        assert read[name] == session[name], name


def test_the_list_shows_a_session_as_its_detail_does(api, written, pool):
    session, _ = written

    (listed,) = api.get(PATH).json()["data"]

    assert pool.connection is None, "each statement borrows a connection"
    read = api.get(f"{PATH}/{session['id']}").json()["data"]
    assert listed.items() <= read.items()


def test_the_messages_of_a_session_are_those_of_its_detail(api, written):
    session, messages = written

    assert api.get(f"{PATH}/{session['id']}/messages").json()["data"] == messages
