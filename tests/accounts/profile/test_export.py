"""GET /v1/user/export."""

import io
import json
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.profile import export
from chat.models import ChatMessage
from tests.accounts.profile.conftest import event_of, write_events
from tests.problems import assert_problem

PATH = "/v1/user/export"

pytestmark = pytest.mark.django_db


def lines_of(response):
    assert response.status_code == 200
    return [json.loads(line) for line in response.getvalue().splitlines()]


def by_type(lines):
    found = {}
    for line in lines:
        found.setdefault(line.pop("type"), []).append(line)
    return found


@pytest.mark.parametrize("path", [PATH, "/user/export"])
def test_holds_everything_that_one_owns(api, user, key, filled, path):
    response = api.get(path)
    found = by_type(lines_of(response))

    assert response["Content-Type"] == "application/x-ndjson"
    assert "attachment" in response["Content-Disposition"]
    assert found["profile"][0]["email"] == "ada@example.com"
    assert [one["api_key"] for one in found["api_key"]] == [key.masked]
    assert [one["title"] for one in found["chat_session"]] == ["of ada@example.com", "Trash"]
    assert [one["session_id"] for one in found["chat_message"]] == [
        filled["session"],
        filled["trash"],
    ]
    assert found["feedback"][0]["message_id"] == filled["message"]
    assert found["share"][0]["share_token"] == filled["share_token"]
    assert found["activity"][0]["tokens"] == 3
    assert found["activity_day"][0]["requests"] == 1
    assert "key_created" in [one["action"] for one in found["audit_entry"]]
    assert found["end"] == [{"lines": sum(map(len, found.values())) - 1}]


def test_holds_nothing_of_others_and_no_secret(api, user, api_key, key, filled, stranger):
    User.objects.filter(pk=user.pk).update(legacy_key_digest="d" * 64)

    body = api.get(PATH).getvalue().decode()

    assert "eve@example.com" not in body
    for secret in (api_key, key.key_digest, "d" * 64, user.password):
        assert secret not in body


def test_a_zip_has_a_file_for_each_kind(api, filled):
    response = api.get(PATH, {"format": "zip"})

    assert response["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert archive.testzip() is None
    assert set(archive.namelist()) == {
        f"{name}.ndjson"
        for name in (
            "profile",
            "api_key",
            "activity",
            "activity_day",
            "audit_entry",
            "chat_session",
            "chat_message",
            "feedback",
            "share",
        )
    }
    messages = archive.read("chat_message.ndjson").splitlines()
    assert [json.loads(line)["content"] for line in messages] == ["I am ada@example.com"] * 2


def test_reads_page_by_page_and_misses_nothing(api, user, filled, monkeypatch):
    monkeypatch.setattr(export, "PAGE_ROWS", 3)
    events = [event_of(user) for _ in range(10)]
    write_events(events)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE activity_log SET timestamp = date_trunc('minute', timestamp)")

    found = by_type(lines_of(api.get(PATH)))

    assert len({one["id"] for one in found["activity"]}) == len(found["activity"]) == 11


def test_is_streamed(api, filled):
    ChatMessage.objects.bulk_create(
        ChatMessage(session_id=filled["session"], role="user", content="x" * 1000)
        for _ in range(1000)
    )
    response = api.get(PATH)
    pieces = iter(response.streaming_content)

    with CaptureQueriesContext(connection) as captured:
        next(pieces)

    # The profile: nothing else is read before it is asked for.
    assert len(captured) == 1
    assert sum(1 for _ in pieces) > 1000
    assert max(len(piece) for piece in api.get(PATH).streaming_content) < 10_000


def test_a_form_that_is_none_is_refused(api):
    assert_problem(api.get(PATH, {"format": "pdf"}), 400, "validation_error")
