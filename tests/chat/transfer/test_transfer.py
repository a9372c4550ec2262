"""GET /v1/chat/sessions/{id}/export, GET /v1/chat/export, POST /v1/chat/import."""

import json

import pytest

from chat.models import ChatMessage, ChatSession
from chat.transfer import copying
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"
PARTS = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {}}]


@pytest.fixture
def messages(api, session, monkeypatch):
    """Five messages, which take three pages."""
    monkeypatch.setattr(copying, "PAGE_MESSAGES", 2)
    given = [
        {"role": "user", "content": PARTS, "metadata": {"a": 1}, "tokens": 3},
        {"role": "assistant", "content": "שלום 👋", "model": "acme/big", "reasoning": "so"},
        *({"role": "user", "content": "ok"} for _ in range(3)),
    ]
    saved = api.post_json(f"{PATH}/{session.pk}/messages/batch", {"messages": given})
    return [one["data"] for one in saved.json()["data"]["saved"]]


def export(api, session, form):
    response = api.get(f"{PATH}/{session.pk}/export", {"format": form})
    assert response.status_code == 200
    return response


def test_an_export_can_be_imported(api, session, messages):
    exported = json.loads(export(api, session, "json").getvalue())

    response = api.post_json("/v1/chat/import", exported)

    assert response.status_code == 201
    copy = response.json()["data"]
    assert (copy["title"], copy["model"]) == ("Hello", "acme/big")
    assert copy["id"] != session.pk
    again = ChatSession.objects.get(pk=copy["id"])
    assert json.loads(export(api, again, "json").getvalue()) == exported | {
        "updated_at": copy["updated_at"]
    }


def test_exports_messages_in_the_openai_format(api, session, messages):
    exported = json.loads(export(api, session, "openai").getvalue())

    assert exported == {
        "model": "acme/big",
        "messages": [
            {"role": "user", "content": PARTS},
            {"role": "assistant", "content": "שלום 👋"},
            *[{"role": "user", "content": "ok"}] * 3,
        ],
    }
    assert api.post_json("/v1/chat/import", exported).status_code == 201


def test_exports_markdown(api, session, messages):
    response = export(api, session, "markdown")

    text = response.getvalue().decode()
    assert text.startswith("# Hello\n\n## User\n\nWhat is this?\n")
    assert "\n## Assistant\n\n**Reasoning**\n\n> so\n\nשלום 👋\n\n## User\n\nok\n" in text
    assert text.endswith("\n<!-- end: 5 messages -->\n")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="chat-{session.pk}.md"'


def test_exports_an_empty_session(api, session):
    assert json.loads(export(api, session, "json").getvalue())["messages"] == []


def test_exports_everything_as_one_line_each(api, stranger_api, session, messages, monkeypatch):
    monkeypatch.setattr(copying, "PAGE_SESSIONS", 1)
    other = api.post_json(PATH, {}).json()["data"]["id"]
    deleted = api.post_json(PATH, {}).json()["data"]["id"]
    api.delete(f"{PATH}/{deleted}")
    stranger_api.post_json(PATH, {})

    response = api.get("/v1/chat/export")

    assert response["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in response.getvalue().splitlines()]
    end = lines.pop()
    assert [(line["type"], line["id"]) for line in lines] == [
        ("session", session.pk),
        *(("message", message["id"]) for message in messages),
        ("session", other),
    ]
    assert end == {"type": "end", "id": None, "lines": len(lines)}


def test_reads_a_page_of_messages_at_a_time(api, session, messages, django_assert_num_queries):
    response = export(api, session, "json")

    # Three pages with messages, and the one that is empty.
    with django_assert_num_queries(4):
        response.getvalue()


def test_a_message_deleted_meanwhile_does_not_end_the_export(api, session, messages):
    pieces = export(api, session, "json").streaming_content
    begun = [next(pieces) for _ in range(3)]  # the head and the first page
    ChatMessage.objects.filter(pk=messages[1]["id"]).delete()

    exported = json.loads(b"".join([*begun, *pieces]))

    assert len(exported["messages"]) == 5


def test_a_bad_message_imports_nothing(api):
    body = {"title": "T", "messages": [{"role": "user", "content": "x"}, {"role": "robot"}]}

    problem = assert_problem(api.post_json("/v1/chat/import", body), 400, "validation_error")

    assert list(problem["errors"]["messages"]) == ["1"]
    assert not ChatSession.objects.exists()


@pytest.mark.parametrize("time", ["0001-01-02T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_rejects_impossible_times(api, time):
    message = {"role": "user", "content": "x"}
    for body in (
        {"created_at": time, "messages": [message]},
        {"messages": [message | {"created_at": time}]},
    ):
        assert_problem(api.post_json("/v1/chat/import", body), 400, "validation_error")


def test_rejects_another_format(api, session):
    response = api.get(f"{PATH}/{session.pk}/export", {"format": "pdf"})

    assert_problem(response, 400, "validation_error")


def test_somebody_elses_session_is_not_found(stranger_api, session):
    assert_problem(stranger_api.get(f"{PATH}/{session.pk}/export"), 404, "not_found")
