"""GET /v1/user/export."""

import io
import json
import re
import zipfile

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKeyNetwork, Credit, Referral, User
from accounts.models.rate_limits import WINDOW_FIELDS
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
def test_contains_everything_the_user_owns(api, user, key, filled, path):
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


# Tables with users' rows that are not exported, and why.
LEFT_OUT = {
    "audit_chain": "digests of the audit log, which is exported",
    "user_storage": "how much there is of what is exported",
    "chat_search_documents": "the index of what is exported",
    "chat_search_owners": "the index of what is exported",
    "chat_search_pending": "the index of what is exported",
    "chat_search_words": "the index of what is exported",
    "chat_imports": "how far files were imported that the user has",
    "chat_import_chunks": "files that the user has",
    "chat_idempotency_keys": "answers kept for a day, of what is exported",
    "django_admin_log": "what operators did",
    "users_groups": "what operators may do",
    "users_user_permissions": "what operators may do",
}


def tables_of_users():
    """The tables with rows that belong to a user, by a relation or by a column."""
    found, new = set(), {User}
    while new:
        found |= new
        new = {
            model
            for model in apps.get_models(include_auto_created=True)
            for field in model._meta.get_fields()
            if getattr(field, "remote_field", None)
            and field.concrete
            and field.related_model in found
        } - found
    found |= {
        model
        for model in apps.get_models()
        if {"user_id", "entry_id"} & {field.name for field in model._meta.get_fields()}
    }
    return {model._meta.db_table for model in found}


def test_every_table_with_rows_of_users_is_exported_or_listed_as_left_out(api, filled):
    with CaptureQueriesContext(connection) as captured:
        api.get(PATH).getvalue()

    read = {
        table for query in captured for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])
    }
    assert tables_of_users() - read == LEFT_OUT.keys()


def test_contains_notifications_limits_and_credits(api, user, key, filled, stranger):
    api.put(
        "/v1/user/notifications/preferences",
        {"webhook_url": "https://example.com/hook"},
        content_type="application/json",
    )
    api.post_json("/v1/user/notifications/test", {})
    api.put(
        f"/v1/user/rate-limits/{key.pk}",
        {**dict.fromkeys(WINDOW_FIELDS, 7)},
        content_type="application/json",
    )
    ApiKeyNetwork.objects.create(api_key=key, network="203.0.113.0/24", last_seen_on="2026-03-01")
    Referral.objects.create(referrer=user, referred_user=stranger, bonus=10)
    Referral.objects.create(referrer=stranger, referred_user=user, bonus=10)
    Credit.objects.create(user=user, amount="2.50", reason="opening_balance", cause="opening")
    Credit.objects.create(user=stranger, amount="9.90", reason="opening_balance", cause="opening")

    found = by_type(lines_of(api.get(PATH)))

    assert found["sign_in"][0]["has_password"] is False
    assert found["notification_preferences"][0]["webhook_url"] == "https://example.com/hook"
    assert "test" in [one["kind"] for one in found["notification"]]
    (limits,) = found["api_key_limits"]
    assert (limits["api_key_id"], limits["tokens_per_day"]) == (key.pk, 7)
    assert found["api_key_day"][0]["tokens"] == 3
    assert found["api_key_network"][0]["network"] == "203.0.113.0/24"
    assert [one["username"] for one in found["referral"]] == ["e…"]
    assert len(found["referred_by"]) == 1
    assert [one["amount"] for one in found["credit"]] == [2.5]


def test_contains_no_data_of_others_and_no_secret(api, user, api_key, key, filled, stranger):
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
            "sign_in",
            "api_key",
            "api_key_limits",
            "api_key_day",
            "api_key_network",
            "activity",
            "activity_day",
            "notification_preferences",
            "notification",
            "referral_code",
            "referral",
            "referred_by",
            "credit",
            "audit_entry",
            "chat_session",
            "chat_message",
            "feedback",
            "share",
        )
    }
    messages = archive.read("chat_message.ndjson").splitlines()
    assert [json.loads(line)["content"] for line in messages] == ["I am ada@example.com"] * 2


def test_reads_in_pages_and_misses_nothing(api, user, filled, monkeypatch):
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

    # The profile: nothing else is read before the client asks for it.
    assert len(captured) == 1
    assert sum(1 for _ in pieces) > 1000
    assert max(len(piece) for piece in api.get(PATH).streaming_content) < 10_000


def test_an_unknown_format_is_rejected(api):
    assert_problem(api.get(PATH, {"format": "pdf"}), 400, "validation_error")
